/**
 * Options of tests that record sound without gaps as it is made. Other work on the machine can delay its sound
 * device, so these tests may try again; a fault of the package shows each time.
 */
export const REAL_TIME = { retry: 2 };
