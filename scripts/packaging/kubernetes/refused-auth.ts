// Stands for the client's authenticators for exec plugins and cloud providers (jsonpath-plus and openid-client,
// 100 KB and more). src/lib/discovery/kubernetes.ts refuses such users before the client is asked.
class RefusedAuth {
  isAuthProvider(): boolean {
    return false;
  }
}

export {
  RefusedAuth as AzureAuth,
  RefusedAuth as ExecAuth,
  RefusedAuth as GoogleCloudPlatformAuth,
  RefusedAuth as OpenIDConnectAuth,
};
