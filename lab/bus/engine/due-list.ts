import type { Appointment, LabClock } from "../../clock.ts";

/** Messages that fall due in virtual time. One appointment on the clock, at the earliest, stands for all of them. */
export class DueList<T> {
  readonly #clock: LabClock;
  readonly #label: string;
  readonly #kind: "ordinary" | "expected";
  readonly #onDue: (item: T) => void;
  readonly #entries: { readonly at: number; readonly item: T }[] = [];
  #appointment: { readonly at: number; readonly entry: Appointment } | undefined;

  constructor({
    clock,
    label,
    onDue,
    kind = "ordinary",
  }: {
    clock: LabClock;
    label: string;
    onDue: (item: T) => void;
    /** Whether the lab itself waits for it. */
    kind?: "ordinary" | "expected";
  }) {
    this.#clock = clock;
    this.#label = label;
    this.#kind = kind;
    this.#onDue = onDue;
  }

  count(): number {
    return this.#entries.length;
  }

  /** Virtual time of the earliest item. */
  next(): number | undefined {
    return this.#entries[0]?.at;
  }

  add(at: number, item: T): void {
    const later = this.#entries.findLastIndex((entry) => entry.at <= at) + 1;
    this.#entries.splice(later, 0, { at, item });
    this.#arm();
  }

  remove(item: T): void {
    const index = this.#entries.findIndex((entry) => entry.item === item);
    if (index >= 0) this.#entries.splice(index, 1);
    this.#arm();
  }

  clear(): void {
    this.#entries.length = 0;
    this.#arm();
  }

  #arm(): void {
    const at = this.next();
    if (at === this.#appointment?.at) return;
    this.#appointment?.entry.cancel();
    this.#appointment = at === undefined ? undefined : { at, entry: this.#appoint(at) };
  }

  #appoint(at: number): Appointment {
    const run = () => this.#runDue();
    return this.#kind === "expected"
      ? this.#clock.expect(at, this.#label, run)
      : this.#clock.at(at, this.#label, run);
  }

  #runDue(): void {
    this.#appointment = undefined;
    const now = this.#clock.now();
    while (this.#entries[0] !== undefined && this.#entries[0].at <= now) {
      const { item } = this.#entries[0];
      this.#entries.shift();
      this.#onDue(item);
    }
    this.#arm();
  }
}
