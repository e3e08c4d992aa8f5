/** Where a page ended: the last item's id, and its place should that item vanish meanwhile. */
export type Position = {
  /** Empty before the first item. */
  readonly after: string;
  readonly offset: number;
  /** Whether the page before had nothing on it. */
  readonly isAfterEmpty: boolean;
};

const doom = /\.doomed-(\d{3})$/;
const empty = ".empty";

export function skipTokenAfter(after: string, offset: number): string {
  return Buffer.from(`${offset}:${after}`).toString("base64url");
}

export function readSkipToken(token: string): Position | undefined {
  const isAfterEmpty = token.endsWith(empty);
  const text = isAfterEmpty ? token.slice(0, -empty.length) : token;
  const match = /^(\d+):(.*)$/.exec(Buffer.from(text, "base64url").toString());
  return match === null ? undefined : { offset: Number(match[1]), after: match[2] ?? "", isAfterEmpty };
}

/** A link that follows a page with nothing on it. */
export function afterEmpty(token: string): string {
  return `${token}${empty}`;
}

/** A link of a listing that a `partialPage` fault has chosen: following it fails with `status`, always. */
export function doomed(token: string, status: number): string {
  return `${token}.doomed-${status}`;
}

export function doomOf(token: string): number | undefined {
  const match = doom.exec(token);
  return match === null ? undefined : Number(match[1]);
}
