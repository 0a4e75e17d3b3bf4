// Shows this server's document. The key that is entered under "Authorize" stays in the page, and is sent to this
// server only.

// The viewer enters each example as a value. An idempotency key is good for one request: with the example, the second
// one that somebody tries would be refused.
function forgetExampleKeys(response) {
  if (!response.url.endsWith('/openapi.json') || !response.ok) return response

  const shown = JSON.parse(response.text)
  delete shown.components.parameters['Idempotency-Key'].example
  response.text = JSON.stringify(shown)

  return response
}

SwaggerUIBundle({
  url: '/docs/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  layout: 'BaseLayout',
  persistAuthorization: false,
  responseInterceptor: forgetExampleKeys,
  showExtensions: true,
  tryItOutEnabled: true,
  validatorUrl: null,
})
