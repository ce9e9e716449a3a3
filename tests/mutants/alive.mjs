/**
 * The mutants of the source that no host test can or need catch, each with its reason. They are known
 * by what they change and where: `mutant` is what cargo-mutants says after the line number, and `line`
 * is the line that it changes, where a function has several such. Neither knows the file, so that
 * a move of code leaves the list as it is.
 */
export const ALIVE = [];
