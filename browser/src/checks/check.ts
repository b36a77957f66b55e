/**
 * Values from the page, checked before anything is done with them.
 *
 * TypeScript's types are promises that JavaScript does not keep, and what reaches a worker or the
 * wasm module unchecked fails there in ways that nobody understands. So every public method hands
 * its arguments to `checked` and `checkedOptions` first, with a rule of `rules.ts` for each.
 */

import { type ErrorKind, PocketTTSError } from "../errors.js";
import { nearest } from "./nearest.js";

/** What a value has to be. */
export interface Rule<T> {
  /** In words. */
  expected: string;
  fits(value: unknown): boolean;
  /** Of no use but to the compiler. */
  readonly type?: T;
}

/** A rule for every member of an object of options. */
export type Rules<T> = { readonly [Name in keyof T]-?: Rule<Exclude<T[Name], undefined>> };

/** `value`, which `what` names in the error, if it is as `rule` says. */
export function checked<T>(kind: ErrorKind, what: string, value: unknown, rule: Rule<T>): T {
  let fits = false;
  try {
    fits = rule.fits(value);
  } catch {
    // A proxy or a getter that throws is nothing that can be used.
  }
  if (!fits) {
    throw new PocketTTSError(kind, `${what} has to be ${rule.expected}, not ${description(value)}`);
  }
  return value as T;
}

/**
 * The options in `given`, each read once and as its rule says. Names without a rule are refused:
 * what is misspelt would be ignored otherwise.
 */
export function checkedOptions<T extends object>(given: unknown, rules: Rules<T>): T {
  const names = Object.keys(rules) as (keyof T & string)[];
  if (given === undefined) {
    return {} as T;
  }
  checked("Options", "what is given as options", given, OPTIONS);
  const read = <R>(what: string, reading: () => R): R => {
    try {
      return reading();
    } catch (cause) {
      const why = cause instanceof Error ? `: ${cause.message}` : "";
      throw new PocketTTSError("Options", `${what} cannot be read${why}`, { cause });
    }
  };
  const own = read("the options", () => {
    const own: string[] = [];
    // Those of a prototype, too: options may be made by a class.
    for (const name in given as object) {
      own.push(name);
    }
    return own;
  });
  for (const name of own) {
    if (!names.includes(name as keyof T & string)) {
      const near = nearest(name, names);
      const meant = near === undefined ? "" : ` (did you mean ${near}?)`;
      const list = names.join(", ");
      throw new PocketTTSError("Options", `the option ${shortened(name)} does not exist${meant}; there are ${list}`);
    }
  }
  const options: Partial<T> = {};
  for (const name of names) {
    const value = read(`the option ${name}`, () => (given as T)[name]);
    if (value !== undefined) {
      options[name] = checked("Options", `the option ${name}`, value, rules[name]) as T[typeof name];
    }
  }
  return options as T;
}

const OPTIONS: Rule<object> = {
  expected: "an object",
  // A Map, a promise or a signal has no options of its own, and would be ignored.
  fits: (value) => typeof value === "object" && value !== null && kindOf(value) === "[object Object]",
};

function kindOf(value: object): string {
  try {
    return Object.prototype.toString.call(value);
  } catch {
    // A proxy that throws: reading its options says so.
    return "[object Object]";
  }
}

/** What a value is, in words. */
export function description(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(shortened(value));
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    case "bigint":
      return `the bigint ${shortened(String(value))}`;
    case "object":
      return value === null ? "null" : objectName(value);
    default:
      return String(value);
  }
}

function objectName(value: object): string {
  try {
    const { name } = value.constructor;
    if (typeof name === "string" && /^[A-Z]\w{0,40}$/.test(name) && name !== "Object") {
      return `${/^(?:[AEIO]|U(?!RL|int))/.test(name) ? "an" : "a"} ${name}`;
    }
  } catch {
    // It has no constructor, or hides it.
  }
  return "an object";
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
