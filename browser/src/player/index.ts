/** Plays samples as they are made: `Player`, and the resampler beneath it. */

export { Player } from "./player.js";
export type { Mark, PlayerOptions, PlayerState } from "./player.js";
export { Resampler } from "./resampler.js";
