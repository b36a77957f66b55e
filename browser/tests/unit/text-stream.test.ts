/** What a text that is written while it is spoken does after its end. */

import { expect, test } from "vitest";
import { reading, TextStream } from "../../src/text-stream.js";

const CLOSED = "the text was closed: nothing can be added";
const OVER = "this text is no longer being spoken";

/** More than may wait to be spoken. */
const LONG = "on and ".repeat(10_000);

/** All pieces that are left, and how the text ends. */
async function rest(text: TextStream): Promise<string> {
  const source = reading(text);
  let all = "";
  try {
    for (;;) {
      const piece = await source.next();
      if (piece === undefined) return `${all}.`;
      all += piece.kind === "text" ? piece.text : "|";
    }
  } catch (error) {
    return `${all}: ${(error as Error).message}`;
  }
}

/** How a push ends. */
function pushed(text: TextStream, piece = "late"): Promise<string> {
  return text.push(piece).then(
    () => "taken",
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

test("what comes after the end of a text is refused, and changes nothing", async () => {
  const text = new TextStream();
  await text.push("Hello");
  text.close();
  expect(await pushed(text)).toBe(`PocketTTSError: ${CLOSED}`);
  text.flush();
  text.close();
  text.abort(new Error("too late"));
  expect(await rest(text)).toBe("Hello.");
  expect(await pushed(text)).toBe(`PocketTTSError: ${CLOSED}`);
});

test("what comes after a failure is refused, and the failure stays", async () => {
  const text = new TextStream();
  await text.push("Hello");
  text.abort(new Error("no line"));
  expect(await pushed(text)).toBe(`PocketTTSError: ${CLOSED}`);
  text.abort(new Error("another"));
  text.flush();
  text.close();
  expect(await rest(text)).toBe("Hello: no line");
});

test("once a text is no longer spoken, pushes are refused, also those that wait for room", async () => {
  const text = new TextStream();
  const source = reading(text);
  const waiting = pushed(text, LONG);
  await source.next();
  source.end();
  expect(await waiting).toBe(`PocketTTSError: ${OVER}`);
  expect(await pushed(text)).toBe(`PocketTTSError: ${OVER}`);
  text.flush();
  text.close();
  text.abort(new Error("too late"));
  expect(await source.next()).toBeUndefined();
});

test("a push that waits for room is taken, although the text is closed meanwhile", async () => {
  const text = new TextStream();
  const waiting = pushed(text, LONG);
  text.close();
  expect(await rest(text)).toBe(`${LONG}.`);
  expect(await waiting).toBe("taken");
});
