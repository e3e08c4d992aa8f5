import {
  ClientAssertionCredential,
  ManagedIdentityCredential,
  WorkloadIdentityCredential,
  type TokenCredential,
} from "@azure/identity";
import { credentialForAWhile } from "./credential-for-a-while.ts";

/** How Muster's multi-tenant application proves itself. There is no secret in either way. */
export type Identity = {
  /** The application's client id, the same in every tenant. */
  readonly clientId: string;
  /** Where tokens come from, e.g. https://login.microsoftonline.com. */
  readonly authorityHost: string;
  readonly assertion:
    | { readonly kind: "managed-identity"; readonly clientId: string }
    /** A file with a federated token, kept fresh by the platform. */
    | { readonly kind: "token-file"; readonly path: string };
};

/**
 * A credential for one tenant. The managed identity is the federated credential of the application: its token is the
 * assertion that the tenant's token endpoint takes in place of a secret.
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
 */
export const credentialFor = (tenantId: string, identity: Identity): TokenCredential =>
  credentialForAWhile(() => make(tenantId, identity));

function make(tenantId: string, identity: Identity): TokenCredential {
  const { clientId, authorityHost, assertion } = identity;
  const options = { authorityHost, disableInstanceDiscovery: true };
  switch (assertion.kind) {
    case "managed-identity": {
      const managed = new ManagedIdentityCredential({ clientId: assertion.clientId });
      const audience = "api://AzureADTokenExchange/.default";
      const assert = async () => (await managed.getToken(audience)).token;
      return new ClientAssertionCredential(tenantId, clientId, assert, options);
    }
    case "token-file":
      return new WorkloadIdentityCredential({
        tenantId,
        clientId,
        tokenFilePath: assertion.path,
        ...options,
      });
    default:
      return assertion satisfies never;
  }
}
