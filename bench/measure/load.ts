export type Load = {
  readonly url: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** The number of the first request. */
  readonly first: number;
  /** A body in which `numberHere` stands for the request's number, twelve digits long. */
  readonly body: string;
};

export const numberHere = "{number}";

export const numbered = (body: string, number: number) =>
  body.replaceAll(numberHere, String(number).padStart(12, "0"));
