// The peer: oidc-provider with the same banklink login, a durable Redis, private_key_jwt and ES256.
// node server.mjs SETTINGS.json        listens on the Unix socket that the settings name
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import Redis from 'ioredis';
import Provider from 'oidc-provider';

const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const redis = new Redis({ path: settings.redis, keyPrefix: 'peer:' });
const ours = crypto.createPrivateKey(fs.readFileSync(settings.partner_key));
const bank = crypto.createPublicKey(fs.readFileSync(settings.bank_key));
const SUBSTANTIAL = 'http://eidas.europa.eu/LoA/substantial';
const signingKey = crypto.createPrivateKey(fs.readFileSync(settings.id_token_key)).export({ format: 'jwk' });

class Store {
  constructor(kind) { this.kind = kind; }

  key(id) { return `${this.kind}:${id}`; }

  async upsert(id, payload, expiresIn) {
    const many = redis.multi();
    many.set(this.key(id), JSON.stringify(payload), 'EX', expiresIn);
    if (payload.uid) many.set(`uid:${payload.uid}`, id, 'EX', expiresIn);
    if (payload.grantId && this.kind !== 'Grant') {
      many.sadd(`grant:${payload.grantId}`, this.key(id));
      many.expire(`grant:${payload.grantId}`, expiresIn);
    }
    await many.exec();
  }

  async find(id) {
    const found = await redis.get(this.key(id));
    return found ? JSON.parse(found) : undefined;
  }

  async findByUid(uid) {
    const id = await redis.get(`uid:${uid}`);
    return id ? this.find(id) : undefined;
  }

  async findByUserCode() { return undefined; }

  async consume(id) {
    const found = await this.find(id);
    if (found) await redis.set(this.key(id), JSON.stringify({ ...found, consumed: Math.floor(Date.now() / 1000) }), 'KEEPTTL');
  }

  async destroy(id) { await redis.del(this.key(id)); }

  async revokeByGrantId(grantId) {
    const keys = await redis.smembers(`grant:${grantId}`);
    if (keys.length) await redis.del(...keys, `grant:${grantId}`);
  }
}

const provider = new Provider(settings.issuer, {
  adapter: Store,
  jwks: { keys: [{ ...signingKey, kid: 'peer-1', alg: 'ES256', use: 'sig' }] },
  clients: [{
    client_id: settings.client_id,
    redirect_uris: [settings.redirect_uri],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    id_token_signed_response_alg: 'ES256',
    require_auth_time: true,
    default_acr_values: [SUBSTANTIAL],
    jwks: { keys: [{ ...crypto.createPublicKey(fs.readFileSync(settings.client_key)).export({ format: 'jwk' }), kid: 'auctions-1', alg: 'ES256', use: 'sig' }] },
  }],
  clientAuthMethods: ['private_key_jwt'],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  scopes: ['openid', 'identity'],
  claims: { openid: ['sub'], identity: ['given_name', 'family_name', 'personal_code', 'provider'] },
  acrValues: [SUBSTANTIAL],
  conformIdTokenClaims: false,
  cookies: { keys: [crypto.randomBytes(32).toString('hex')] },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  async findAccount(_ctx, sub) {
    const found = await redis.get(`account:${sub}`);
    return found ? { accountId: sub, claims: () => JSON.parse(found) } : undefined;
  },
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid identity');
    await grant.save();
    return grant;
  },
  renderError(ctx, out) { ctx.body = JSON.stringify(out); },
});

const REQUEST = ['VK_SERVICE', 'VK_VERSION', 'VK_SND_ID', 'VK_REC_ID', 'VK_NONCE', 'VK_RETURN', 'VK_DATETIME', 'VK_RID'];
const ANSWER = ['VK_SERVICE', 'VK_VERSION', 'VK_DATETIME', 'VK_SND_ID', 'VK_REC_ID', 'VK_NONCE', 'VK_USER_NAME', 'VK_USER_ID', 'VK_COUNTRY', 'VK_OTHER', 'VK_TOKEN', 'VK_RID'];
const macString = (fields, order) => order.map((name) => String([...(fields[name] ?? '')].length).padStart(3, '0') + (fields[name] ?? '')).join('');
const escaped = (text) => text.replace(/[&"<>]/g, (c) => `&#${c.charCodeAt(0)};`);
const now = () => new Date().toISOString().replace(/\.\d+Z$/, '+0000');

function form(uid) {
  const fields = {
    VK_SERVICE: '4012', VK_VERSION: '009', VK_SND_ID: settings.partner_id, VK_REC_ID: settings.bank_id,
    VK_NONCE: uid, VK_RETURN: `${settings.issuer}/interaction/${uid}/return`, VK_DATETIME: now(), VK_RID: '',
  };
  fields.VK_MAC = crypto.sign('sha512', Buffer.from(macString(fields, REQUEST)), ours).toString('base64');
  fields.VK_ENCODING = 'UTF-8';
  fields.VK_LANG = 'LAT';
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`);
  return `<!doctype html><title>Bank</title><form method="post" action="${escaped(settings.bank_url)}">${inputs.join('')}<button>Bank</button></form>`;
}

function verified(body, uid) {
  const fields = Object.fromEntries(new URLSearchParams(body));
  const good = fields.VK_SERVICE === '3013' && fields.VK_SND_ID === settings.bank_id && fields.VK_REC_ID === settings.partner_id
    && fields.VK_NONCE === uid && Math.abs(Date.parse(fields.VK_DATETIME) - Date.now()) < 300_000
    && crypto.verify('sha512', Buffer.from(macString(fields, ANSWER)), bank, Buffer.from(fields.VK_MAC, 'base64'));
  if (!good) throw new Error('answer refused');
  return fields;
}

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function comeBack(request, response, uid) {
  const fields = verified(await bodyOf(request), uid);
  await provider.interactionDetails(request, response);
  const sub = crypto.createHash('sha256').update(fields.VK_USER_ID).digest('hex');
  const [family, given] = fields.VK_USER_NAME.split(',');
  const code = `${fields.VK_USER_ID.slice(0, 6)}-${fields.VK_USER_ID.slice(6)}`;
  const claims = {
    sub, given_name: given, family_name: family, personal_code: code, provider: 'paraugbanka',
  };
  await redis.set(`account:${sub}`, JSON.stringify(claims), 'EX', 900);
  await provider.interactionFinished(request, response, { login: { accountId: sub, acr: SUBSTANTIAL, amr: ['mfa'] } });
}

provider.proxy = true; // a front ends TLS
const oidc = provider.callback();
const server = http.createServer(async (request, response) => {
  const interaction = /^\/interaction\/([^/]+)(\/return)?$/.exec(request.url);
  if (!interaction) { oidc(request, response); return; }
  try {
    if (interaction[2]) { await comeBack(request, response, interaction[1]); return; }
    await provider.interactionDetails(request, response);
    const page = Buffer.from(form(interaction[1]));
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': page.length });
    response.end(page);
  } catch (error) {
    response.writeHead(400, { 'Content-Length': 0 });
    response.end();
    console.error(error);
  }
});
server.listen(settings.socket);
