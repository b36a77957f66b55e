/** Refuses calls of a class's members on objects that its constructor has not made. */

import { PocketTTSError } from "../errors.js";
import { description } from "./check.js";

/**
 * Makes every member of a class throw a `PocketTTSError` for objects that are not `isOwn`, such as the result of
 * `Object.create` with its prototype: JavaScript's own error is about private members, which helps nobody. `name`
 * is the class; `made` says how objects are made.
 */
export function guard(
  { prototype }: { prototype: object },
  name: string,
  made: string,
  isOwn: (value: object) => boolean,
): void {
  const refusal = (value: unknown) => {
    const isMade = typeof value === "object" && value !== null && isOwn(value);
    return isMade
      ? undefined
      : new PocketTTSError(
          "Value",
          `${description(value)} cannot be used as a ${name}: only objects from ${made} can, and not a proxy of one`,
        );
  };
  const guarded = <F extends (...values: never[]) => unknown>(member: F): F =>
    function (this: unknown, ...values: Parameters<F>) {
      const error = refusal(this);
      if (error === undefined) {
        return Reflect.apply(member, this, values);
      }
      if (Object.prototype.toString.call(member) === "[object AsyncFunction]") {
        return Promise.reject(error);
      }
      throw error;
    } as F;
  for (const key of Reflect.ownKeys(prototype)) {
    const member = Object.getOwnPropertyDescriptor(prototype, key);
    if (member === undefined || key === "constructor") {
      continue;
    }
    const { value, get, set } = member;
    if (typeof value === "function") {
      member.value = guarded(value);
    }
    if (get !== undefined) {
      member.get = guarded(get);
    }
    if (set !== undefined) {
      member.set = guarded(set);
    }
    Object.defineProperty(prototype, key, member);
  }
}
