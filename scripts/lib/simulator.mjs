// What runs in the simulator at length, as tests of the host.
const simulating = (test) => ["test", "--profile", "sim", "--test", "sim", "--", test, "--exact", "--nocapture"];

/** What cargo is asked for: the random histories. */
export const SIMULATOR = simulating("histories::hold_in_random_histories");

/** What cargo is asked for: origin requests beside those that are needed. */
export const ORIGIN_REQUESTS = simulating("origin_requests::are_few_more_than_needed");

/** The environment that says how many histories, from which seed on, and which actions of one. */
export const simulated = ({ requests, seed = "1", keep = "", goesOn = false }) => ({
  SIM_REQUESTS: String(requests),
  SIM_SEED: String(seed),
  SIM_KEEP: keep,
  SIM_GO_ON: goesOn ? "1" : "",
});
