/**
 * Checks values from the page before they are used.
 *
 * TypeScript's types do not bind JavaScript, and an unchecked value fails in a worker or in the wasm module
 * in ways that are hard to understand. So every public method first passes its arguments to `checked` and
 * `checkedOptions`, with a rule of `rules.ts` for each.
 */

import { type ErrorKind, PocketTTSError, reason } from "../errors.js";
import { suggestion } from "./nearest.js";

/** A rule for a value. */
export interface Rule<T> {
  /** What is expected, in words. */
  expected: string;
  fits(value: unknown): boolean;
  /** For the compiler only. */
  readonly type?: T;
}

/** A rule for every member of an options object. */
export type Rules<T> = { readonly [Name in keyof T]-?: Rule<Exclude<T[Name], undefined>> };

/** `value`, if it satisfies the rule; `what` names it in the error. */
export function checked<T>(kind: ErrorKind, what: string, value: unknown, rule: Rule<T>): T {
  let fits = false;
  try {
    fits = rule.fits(value);
  } catch {
    // A proxy or a getter that throws cannot be used.
  }
  if (!fits) {
    throw new PocketTTSError(kind, `${what} must be ${rule.expected}, not ${description(value)}`);
  }
  return value as T;
}

/**
 * The options in `given`, each read once and checked by its rule. Names without a rule are errors: a
 * misspelt option would otherwise be ignored.
 */
export function checkedOptions<T extends object>(given: unknown, rules: Rules<T>): T {
  const names = Object.keys(rules) as (keyof T & string)[];
  if (given === undefined) {
    return {} as T;
  }
  checked("Options", "the argument `options`", given, OPTIONS);
  const own = read("Options", "the options", () => {
    const own: string[] = [];
    // Inherited members count, since options may be an instance of a class.
    for (const name in given as object) {
      // Those that a page's script has added to all objects do not.
      if (!Object.hasOwn(Object.prototype, name) || Object.hasOwn(given as object, name)) {
        own.push(name);
      }
    }
    return own;
  });
  for (const name of own) {
    if (!names.includes(name as keyof T & string)) {
      const meant = suggestion(name, names);
      const list = names.join(", ");
      const what = `the option ${shortened(name)} does not exist${meant}`;
      throw new PocketTTSError("Options", `${what}; the options are ${list}`);
    }
  }
  const options: Partial<T> = {};
  for (const name of names) {
    const value = read("Options", `the option ${name}`, () => (given as T)[name]);
    if (value !== undefined) {
      options[name] = checked("Options", `the option ${name}`, value, rules[name]) as T[typeof name];
    }
  }
  return options as T;
}

/** The result of `reading`; `what` names it in the error if reading throws. */
export function read<T>(kind: ErrorKind, what: string, reading: () => T): T {
  try {
    return reading();
  } catch (cause) {
    throw unreadable(kind, what, cause);
  }
}

/** The error if reading `what` threw `cause`. */
export function unreadable(kind: ErrorKind, what: string, cause: unknown): PocketTTSError {
  return new PocketTTSError(kind, `${what} cannot be read${reason(cause)}`, { cause });
}

/** Whether a value may contain options: a Map, a promise or a signal would be ignored. */
export function mayBeOptions(value: unknown): value is object {
  return typeof value === "object" && value !== null && ["Object", "Module"].includes(kindOf(value));
}

const OPTIONS: Rule<object> = { expected: "an object", fits: mayBeOptions };

/** The name that an object gives itself; modules may contain options. */
function kindOf(value: object): string {
  try {
    return Object.prototype.toString.call(value).slice("[object ".length, -1);
  } catch {
    // A proxy that throws: reading its options will report that.
    return "Object";
  }
}

/** Describes a value in words. */
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
  let names: unknown[] = [];
  try {
    names = [value.constructor.name];
  } catch {
    // It has no constructor, or hides it.
  }
  const isName = (name: unknown): name is string =>
    typeof name === "string" && /^[A-Z]\w{0,40}$/.test(name) && name !== "Object";
  const name = [...names, kindOf(value)].find(isName);
  return name === undefined ? "an object" : `${/^(?:[AEIO]|U(?!RL|int))/.test(name) ? "an" : "a"} ${name}`;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
