// The simulator's random histories, as a test of the host.
const TEST = 'histories::hold_in_random_histories';

/** What cargo is asked for. */
export const SIMULATOR = ['test', '--profile', 'sim', '--test', 'sim', '--', TEST, '--exact', '--nocapture'];

/** The environment that says how many histories, from which seed on, and which actions of one. */
export const simulated = ({ requests, seed = '1', keep = '', goesOn = false }) => ({
  SIM_REQUESTS: String(requests),
  SIM_SEED: String(seed),
  SIM_KEEP: keep,
  SIM_GO_ON: goesOn ? '1' : '',
});
