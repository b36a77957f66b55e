"""Everyday sentences, filled in by chance: greetings, times, dates, prices, short questions."""

import random
from collections.abc import Callable

from .errors import TrainingError

ADJECTIVES = (
    "small quick quiet warm bright happy gentle clever brave calm fresh little old new red blue "
    "green white black golden long short strong soft strange simple lovely heavy light dark early "
    "late"
).split()
NOUNS = (
    "pocket browser page voice model bird river garden house mountain train book letter window "
    "morning evening city friend dog cat tree song story machine computer phone server cloud word "
    "sentence sound language teacher student doctor road bridge kitchen coffee bread market music "
    "picture question answer reason number weather winter summer island ocean village"
).split()
VERBS = (
    "sings runs walks speaks sleeps waits listens grows shines reads writes laughs falls opens "
    "closes starts stops works moves turns answers"
).split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
MONTHS = (
    "January February March April May June July August September October November December"
).split()
NAMES = (
    "Anna Tom Mary John Peter Sarah David Emma James Laura Daniel Alice Robert Lucy Michael Kate "
    "George Julia Paul Helen"
).split()
PLACES = (
    "London Paris Berlin Rome Madrid Vienna Dublin Boston Chicago Tokyo Sydney Toronto Oslo Lisbon"
).split()
MINUTES = "05 10 15 20 25 30 35 40 45 50 55".split()


def sentences(rng: random.Random) -> list[Callable[[], str]]:
    """One function a template; each call fills it in anew."""
    one = rng.choice

    def adjective() -> str:
        return one(ADJECTIVES)

    def noun() -> str:
        return one(NOUNS)

    def verb() -> str:
        return one(VERBS)

    def number(low: int, high: int) -> int:
        return rng.randint(low, high)

    return [
        lambda: f"The {adjective()} {noun()} {verb()}.",
        lambda: f"The {noun()} and the {noun()} are {adjective()}.",
        lambda: (
            f"Hello {one(['world', 'there', 'friend', 'again', 'everyone'])}. "
            f"I am a {adjective()} {noun()}."
        ),
        lambda: f"Hello, my name is {one(NAMES)}, and I live in {one(PLACES)}.",
        lambda: f"Hi {one(NAMES)}, how are you today?",
        lambda: f"I am {adjective()}, and I like the {adjective()} {noun()}.",
        lambda: f"There are {number(2, 99)} {noun()}s in the {noun()}.",
        lambda: f"It is {number(1, 12)} o'clock on {one(DAYS)}.",
        lambda: f"Is the {noun()} {adjective()}?",
        lambda: f"Why is your {noun()} so {adjective()}?",
        lambda: f"The train to {one(PLACES)} leaves at {number(1, 12)}:{one(MINUTES)}.",
        lambda: f"We met on {one(MONTHS)} {number(1, 30)}, {number(1900, 2030)}.",
        lambda: f"That will be {number(2, 99)} dollars, please.",
        lambda: f"This {adjective()} voice runs inside your browser.",
        lambda: (
            "Please "
            f"{one('open close read write find stop start save show'.split())} the "
            f"{adjective()} {noun()}."
        ),
        lambda: f"On {one(DAYS)} the {noun()} {verb()}, and the {noun()} {verb()}.",
        lambda: f"Thank you for listening to this {adjective()} {noun()}.",
        lambda: (
            f"Good {one('morning evening night afternoon'.split())}, "
            f"{one(['friend', 'world', 'everyone', *NAMES])}!"
        ),
        lambda: f"I hope you will like my {adjective()} voice.",
        lambda: f"I hope you'll like {one(['me', 'my voice', 'this', 'the ' + noun()])}.",
        lambda: f"No server, no cloud, only your {noun()}.",
        lambda: ", ".join(str(number(1, 20)) for _ in range(4)) + ".",
        lambda: f"What a {adjective()} {noun()}!",
        lambda: f"Can you hear the {noun()}, {one(NAMES)}?",
        lambda: (
            f"I'm {adjective()} enough to {one('run work speak live'.split())} on "
            f"{adjective()} {noun()}s."
        ),
        lambda: f"I don't know why the {noun()} {verb()}.",
        lambda: (
            f"{one(NAMES)} says that the {noun()} is {adjective()}, but {one(NAMES)} doesn't agree."
        ),
        lambda: f"Where did you put the {adjective()} {noun()}?",
        lambda: "I am Kyutai's Pocket TTS.",
        lambda: f"I am a text to speech model, and I speak in your {noun()}.",
        lambda: (
            "Everything you hear is made on your own "
            f"{one('computer machine phone device'.split())}."
        ),
        lambda: (
            f"The quick brown {one('fox dog cat bird'.split())} jumps over the lazy "
            f"{one('dog cat fox'.split())}."
        ),
        lambda: (
            f"She {one('sold bought found lost saw made'.split())} {number(2, 40)} "
            f"{adjective()} {noun()}s in {one(PLACES)}."
        ),
        lambda: f"If the {noun()} {verb()}, we will wait until {one(DAYS)}.",
        lambda: f"Yes, the {noun()} is {adjective()}.",
        lambda: f"No, I have never been to {one(PLACES)}.",
    ]


def make(count: int) -> list[str]:
    """`count` different sentences, sorted."""
    if count > 100_000:
        raise TrainingError(
            f"--templates {count}: the templates do not give so many, at most 100000"
        )
    rng = random.Random(11)
    templates = sentences(rng)
    made: set[str] = set()
    while len(made) < count:
        made.add(rng.choice(templates)())
    return sorted(made)
