// Secrets in the forms in which files, logs and command lines have them. `secret` is the part that nobody may see.

const BASE64 = Buffer.from(
  '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n',
).toString('base64');

export const SECRETS: readonly { readonly form: string; readonly text: string; readonly secret: string }[] = [
  {
    form: 'a private key',
    text: '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIPlanted1\nAwEHoUQDQgAE\n-----END EC PRIVATE KEY-----',
    secret: 'MHcCAQEEIPlanted1',
  },
  {
    form: 'a private key on one line of JSON, cut off',
    text: '{"key":"-----BEGIN PRIVATE KEY-----\\nMIGHPlanted2\\nabc',
    secret: 'MIGHPlanted2',
  },
  { form: 'the key of a kubeconfig', text: `    client-key-data: ${BASE64}`, secret: BASE64.slice(20, 60) },
  { form: 'a key in base64, alone', text: `data ${BASE64} end`, secret: BASE64.slice(20, 60) },
  { form: 'the token of a kubeconfig', text: 'users:\n- user:\n    token: Planted3.abc', secret: 'Planted3' },
  { form: 'a block of YAML', text: 'token: |\n  Planted4\n  Planted4b\nother: 1', secret: 'Planted4' },
  { form: 'a password of JSON', text: '{"password":"Planted5 with blanks"}', secret: 'Planted5 with blanks' },
  { form: 'a quoted password', text: "db_password = 'Planted6 x'", secret: 'Planted6 x' },
  { form: 'an environment variable', text: 'Environment=API_TOKEN=Planted7', secret: 'Planted7' },
  { form: 'a flag', text: 'daemon --token Planted8 --vs 10.99.0.1:6443', secret: 'Planted8' },
  { form: 'a flag with =', text: 'daemon --token=Planted9 --vs 10.99.0.1:6443', secret: 'Planted9' },
  { form: 'a header', text: 'Authorization: Bearer Planted10abc', secret: 'Planted10abc' },
  { form: 'basic authentication', text: 'authorization: Basic UGxhbnRlZDEx', secret: 'UGxhbnRlZDEx' },
  {
    form: 'a password in a URL',
    text: 'server https://admin:Planted12@10.0.0.11:6443 fails',
    secret: 'Planted12',
  },
  { form: 'a secret key of a cloud', text: 'AWS_SECRET_ACCESS_KEY=Planted15/abc', secret: 'Planted15' },
  { form: 'a passphrase', text: 'passphrase: Planted16', secret: 'Planted16' },
  { form: 'a password by its short name', text: 'dsn pwd=Planted17;', secret: 'Planted17' },
  {
    form: 'the credentials of a registry',
    text: '{"auths":{"r":{"auth":"UGxhbnRlZDE4"}}}',
    secret: 'UGxhbnRlZDE4',
  },
  { form: 'a flag with one dash', text: 'tool -token Planted19 -x', secret: 'Planted19' },
  { form: 'a flag whose value begins with a dash', text: 'tool --token -Planted21', secret: 'Planted21' },
  { form: 'a password with a comma', text: 'PASSWORD=a,Planted22', secret: 'Planted22' },
  { form: 'a password with blanks', text: 'password: a b Planted23', secret: 'Planted23' },
  { form: 'a password with a quote', text: '{"password":"a\\"Planted24"}', secret: 'Planted24' },
  {
    form: 'a password with an @ in a URL',
    text: 'server https://admin:p@Planted25@10.0.0.11:6443 fails',
    secret: 'Planted25',
  },
  {
    form: 'digest authentication',
    text: 'Authorization: Digest username="a", nonce="Planted26", response="b"',
    secret: 'Planted26',
  },
  { form: 'a cookie', text: 'set-cookie: session=Planted27; Path=/', secret: 'Planted27' },
  { form: 'a storage key', text: 'AccountKey=Planted28==;', secret: 'Planted28' },
  { form: 'a secret by another name', text: 'tokenData: Planted29', secret: 'Planted29' },
  {
    form: 'a private key in small letters',
    text: '-----begin private key-----\nPlanted30\n-----end private key-----',
    secret: 'Planted30',
  },
  { form: 'a query', text: 'GET /readyz?token=Planted13&x=1', secret: 'Planted13' },
  {
    form: 'a service account token',
    text: 'said eyJhbGciOiJSUzI1NiIsImtpZCI6IlBsYW50ZWQxNCJ9.eyJpc3MiOiJQbGFudGVkMTQifQ.c2lnbmF0dXJl there',
    secret: 'eyJpc3MiOiJQbGFudGVkMTQifQ',
  },
  {
    form: 'a bootstrap token',
    text: 'join with abcdef.0123456789abcdef now',
    secret: 'abcdef.0123456789abcdef',
  },
];
