/** Thrown instead of answering: the connection stays silent, or breaks. */
export class Hang extends Error {
  readonly kind: "timeout" | "reset";
  readonly faultId: string;

  constructor(kind: "timeout" | "reset", faultId: string) {
    super(`A ${kind} fault keeps the answer from being sent.`);
    this.kind = kind;
    this.faultId = faultId;
  }
}
