/** An access review's word that somebody is not to have a grant any more. Times are epoch ms. */
export type Denial = {
  /** Id of the decision. */
  readonly id: string;
  readonly review: { readonly id: string; readonly name: string };
  /** Who decided; null: nobody did, and the review went by its own default. */
  readonly by: string | null;
  readonly decidedAt: number | null;
  /** From when on it counts: when it was carried out, or else when the review was over. */
  readonly at: number;
  readonly why: string | null;
};
