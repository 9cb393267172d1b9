// The document of an imaginary shop, in the style of the guides.
{
  ns: 'acme-shop',
  name: 'acme-shop',
  type: 'acme-shop',
  title: 'Acme',
  label: 'Acme',
  version: '2.0.1',
  description: `Connects Acme.
1. Install`,
  category: 'ecommerce',
  docsUrl: 'https://docs.example.com/acme',
  auth: {
    type: 'oauth2',
    sensitiveKeys: ['client_secret', 'accessToken', 'refreshToken', 'webhookSecret'],
    config: { client_id: 'abc', client_secret: '', webhookSecret: '', accessToken: '', grant_type: 'authorization_code' },
    auth_url: {
      url: 'https://accounts.example.com/auth?prompt=consent', method: 'GET',
      queryParams: { client_id: '{{client_id}}', response_type: 'code', scope: 'orders products', redirect_uri: '{{redirect_uri}}' },
    },
    get_token: {
      url: 'https://accounts.example.com/token', method: 'POST', bodyType: 'x-www-form-urlencoded',
      body: { grant_type: '{{grant_type}}', code: '{{code}}', client_id: '{{client_id}}', client_secret: '{{client_secret}}' },
      mapping: { accessToken: '$.access_token', refreshToken: '$.refresh_token', expiresIn: '$.expires_in' },
    },
    refresh_token: {
      url: 'https://accounts.example.com/token', method: 'POST', bodyType: 'x-www-form-urlencoded',
      body: { grant_type: 'refresh_token', refresh_token: '[[refreshToken]]' },
      mapping: { accessToken: '$.access_token', refreshToken: '$.refresh_token' },
    },
    auto_refresh: true,
    userDetails: {
      url: 'https://accounts.example.com/me', method: 'GET',
      headers: { Authorization: 'Bearer [[accessToken]]' },
      mapping: { storeId: '$.data.id', name: '$.data.name' },
    },
  },
  triggers: [{ type: 'miniapps:acme-shop', event: 'order.created' }],
  actions: [],
  webhook: {
    eventExtraction: { source: 'header', path: 'X-Event', fallback: { source: 'body', path: '$.event' } },
    transactionId: { paths: ['$.data.id', { source: 'header', path: 'X-Id' }], fallback: 'generate',
                     overrides: { 'order.updated': { paths: ['$.data.id', '$.data.rev'], } } },
    verification: { type: 'hmac-sha256', headerName: 'X-Signature', secretKey: 'webhookSecret', encoding: 'base64' },
    challengeResponse: { identifyField: 'type', identifyValue: 'ping', challengePath: 'token', responseField: 'token' },
    customerExtraction: { basePath: '$.data.customer', mapping: { firstName: 'first', primaryEmail: 'email', code: 'id', sex: 'sex' },
                          overrides: { 'customer.created': { basePath: '$.data' } } },
    response: { statusCode: 202, body: { ok: true } },
  },
  sync: {
    baseUrl: 'https://api.example.com/v2',
    headers: { Authorization: 'Bearer [[accessToken]]', 'Store-Id': '[[storeId]]' },
    syncConfiguration: { enabled: true, batchSize: 200, rateLimitPerSecond: 5, timeout: 2500 },
    resources: {
      products: {
        name: 'products', displayName: 'Products', contentType: 'core:product', expandDetails: true,
        endpoints: { list: { url: '/products', method: 'GET' }, details: { url: '/products/{id}', method: 'GET' } },
        pagination: { paramName: 'per_page', defaultLimit: 60, maxLimit: 1000 },
        responseMapping: { dataProperty: 'data', totalProperty: 'pagination.total' },
        apiMapping: { name: 'name', code: { path: 'id', transform: 'toString' }, unitPrice: 'price', salePrice: 'sale', status: 'status' },
        icon: 'package',
      },
      orders: {
        contentType: 'ecommerce:orders',
        endpoints: { list: { url: '/orders', method: 'GET' } },
        pagination: { paramName: 'limit', defaultLimit: 30, maxLimit: 50 },
        responseMapping: { dataProperty: 'data' },
        apiMapping: { code: 'id', orderNumber: 'number', totalAmount: 'total', updatedAt: 'updated',
                      items: { path: 'lines', transform: 'mapItems', items: { code: 'pid', sku: 'sku', name: 'label', totalAmount: 'sum', colour: 'c' } } },
      },
    },
    webhooks: {
      handlers: {
        'order.created': { recordType: 'order', operation: 'create', mapping: { code: '$.data.id', items: '$.data.lines' } },
        'order.status': { recordType: 'order', operation: 'update', mapping: { code: '$.data.id', status: '$.data.status' } },
        'order.updated': { resource: 'orders', operation: 'upsert', dataPath: '$.data' },
      },
    },
  },
}
