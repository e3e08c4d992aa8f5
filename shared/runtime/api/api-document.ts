import { openApiOf } from "../../api/openapi.ts";
import { endpoints } from "./endpoints.ts";

/** Another one when clients that were made for this one would not do any more. */
const version = "1";

/** What programs read of the API: docs/openapi.json. */
export const apiDocument = () => openApiOf(endpoints, version);
