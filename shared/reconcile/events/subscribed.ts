import { errorText } from "../../model/error-text.ts";

export type Subscribed = {
  readonly resource: string;
  /** `left out`: Graph allows no more; nothing is wrong, but somebody should know. */
  readonly did: "nothing" | "created" | "recreated" | "renewed" | "removed" | "left out" | "failed";
  readonly detail: string;
};

export const failure = (resource: string, error: unknown): Subscribed => ({
  resource,
  did: "failed",
  detail: errorText(error),
});
