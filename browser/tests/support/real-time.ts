/**
 * Options of tests that hear sound without a gap as it is made. Whatever else the machine does can
 * hold up its sound device, so they may try again; a fault of ours shows each time.
 */
export const REAL_TIME = { retry: 2 };
