/**
 * The mutants of the source that no native test can or need catch, each with its reason. `mutant` is
 * what `npm run mutants` says after the file and line: the function, and what is changed in it.
 * It knows neither the file nor the line, so that a move of code leaves the list as it is.
 */
export const ALIVE = [];
