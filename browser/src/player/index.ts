/** Plays samples as they are made: `Player`, and the resampler beneath it. */

export { Player } from "./player.js";
export type { PlayerOptions, PlayerState } from "./player.js";
export type { PlayerNotice } from "./suspension.js";
export type { Mark } from "./timeline.js";
export { Resampler } from "./resampler.js";
