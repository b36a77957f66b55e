/** Texts to begin with, one for every language of the released models. */

export interface Sample {
  /** As bundles name it. */
  language: string;
  /** BCP 47, for the browser's hyphenation, spelling and voices. */
  tag: string;
  /** In the language itself. */
  label: string;
  text: string;
}

export const SAMPLES: readonly Sample[] = [
  {
    language: "english",
    tag: "en",
    label: "English",
    text: "The lighthouse keeper had one rule: never answer the radio after midnight. On the last night of October, it called him by name. He set down his tea, and listened.",
  },
  {
    language: "french",
    tag: "fr",
    label: "Français",
    text: "Le gardien du phare n'avait qu'une règle : ne jamais répondre à la radio après minuit. La dernière nuit d'octobre, elle l'appela par son nom. Il posa sa tasse, et il écouta.",
  },
  {
    language: "german",
    tag: "de",
    label: "Deutsch",
    text: "Der Leuchtturmwärter hatte nur eine Regel: nach Mitternacht nie ans Funkgerät gehen. In der letzten Oktobernacht rief es ihn beim Namen. Er stellte seinen Tee ab und hörte zu.",
  },
  {
    language: "dutch",
    tag: "nl",
    label: "Nederlands",
    text: "De vuurtorenwachter had maar één regel: neem na middernacht nooit de radio op. In de laatste nacht van oktober riep die hem bij zijn naam. Hij zette zijn thee neer, en luisterde.",
  },
  {
    language: "italian",
    tag: "it",
    label: "Italiano",
    text: "Il guardiano del faro aveva una sola regola: mai rispondere alla radio dopo mezzanotte. L'ultima notte di ottobre, la radio lo chiamò per nome. Posò la tazza, e ascoltò.",
  },
  {
    language: "portuguese",
    tag: "pt",
    label: "Português",
    text: "O faroleiro tinha uma só regra: nunca responder ao rádio depois da meia-noite. Na última noite de outubro, o rádio chamou-o pelo nome. Pousou a chávena, e escutou.",
  },
  {
    language: "spanish",
    tag: "es",
    label: "Español",
    text: "El farero tenía una sola regla: no contestar nunca la radio después de medianoche. La última noche de octubre, la radio lo llamó por su nombre. Dejó la taza, y escuchó.",
  },
];

/** The sample of a language; a bundle's language may be followed by more. */
export function sampleOf(language: string | null | undefined): Sample | undefined {
  return SAMPLES.find((it) => language?.toLowerCase().startsWith(it.language));
}
