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
  /** The person may have begun it a moment ago, which no replica need show yet. */
  readonly fleeting?: "yes";
  /**
   * `wholly`: it was not asked, or there was no answer, which is told. `partly`: what is missing may show it, and to give it unseen
   * may be once too often, so it is read again first.
   */
  readonly unread?: "wholly" | "partly";
  /** When it ends by itself, epoch ms. */
  readonly endsAt?: number;
  /** What has lapsed did so by another rule than the one under which it is wanted now. */
  readonly rule?: "another";
  /** What would make it last longer was asked for already: it waits, or was denied. */
  readonly renewal?: { readonly state: "waits" | "denied"; readonly detail: string };
  /** When what is seen came about; what is older than Muster's last word says nothing of it. */
  readonly at?: number;
  /** Whose request it came of, where that is known. */
  readonly by?: "muster" | "others";
  /** Of what ends the account with it when the last of its kind goes: "no": not of this account. Left out: nobody says. */
  readonly governed?: "yes" | "no";
  /** Asking once more before this is of no use. */
  readonly notBefore?: number;
};
