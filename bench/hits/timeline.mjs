// Virtual time: events in the order of their times, one after the other.

export class Timeline {
  /** Milliseconds of the epoch. */
  now;
  #events = [];
  #count = 0;

  constructor(now) {
    this.now = now;
  }

  /** Plans `run` for a time. Events of one time run in the order in which they were planned. */
  at(time, run) {
    const event = { time: Math.max(time, this.now), order: (this.#count += 1), run };
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle].time <= event.time) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
  }

  after(milliseconds, run) {
    this.at(this.now + milliseconds, run);
  }

  /** Runs events until `isOver()` holds, or none is left. */
  async run(isOver) {
    while (!isOver() && this.#events.length > 0) {
      const { time, run } = this.#events.shift();
      this.now = time;
      await run();
    }
  }
}
