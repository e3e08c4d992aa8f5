/**
 * `coming`: asked for, and not there yet. `going`: being taken away. `lapsed`: it was there, and ended by its own rule. `stuck`: it was
 * asked for, and will not come unless a person does something. `failed`: it did not come, and asking once more may help.
 */
export type Seen = "present" | "absent" | "unknown" | "coming" | "going" | "failed" | "lapsed" | "stuck";

/** What a look showed of one grant, with what a person can look up. */
export type Sight = {
  readonly seen: Seen;
  /** "waits for approval, request 12ab…". */
  readonly detail?: string;
  /** Since when it is on its way, epoch ms. */
  readonly since?: number;
  /** It may take as long as it likes. */
  readonly patient?: "yes";
  /** When it ends by itself, epoch ms. */
  readonly endsAt?: number;
};
