/**
 * `coming`: asked for, and not there yet. `going`: being taken away. `lapsed`: it was there, and ended by its own rule. `stuck`: it was
 * asked for, and will not come unless a person does something. `failed`: it did not come, and asking once more may help.
 */
export type Seen = "present" | "absent" | "unknown" | "coming" | "going" | "failed" | "lapsed" | "stuck";

/** What a look showed of one grant, with what a person can look up. Times are epoch ms. */
export type Sight = {
  readonly seen: Seen;
  /** "waits for approval, request 12ab…". */
  readonly detail?: string;
  /** Since when it is on its way. */
  readonly since?: number;
  /** It may take as long as it likes. */
  readonly patient?: "yes";
  /** When it ends by itself. */
  readonly endsAt?: number;
  /** What would make it last longer was asked for already: it waits, or was denied. */
  readonly renewal?: { readonly state: "waits" | "denied"; readonly detail: string };
  /** When what is seen came about; what is older than Muster's last word says nothing of it. */
  readonly at?: number;
  /** Whose request it came of, where that is known. */
  readonly by?: "muster" | "others";
  /** Asking once more before this is of no use. */
  readonly notBefore?: number;
  /** Nothing was read, because it could not be. */
  readonly unreadable?: "yes";
};
