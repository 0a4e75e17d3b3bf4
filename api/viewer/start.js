// Shows this server's document. The key that is entered under "Authorize" stays in the page, and is sent to this
// server only.
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  layout: 'BaseLayout',
  persistAuthorization: false,
  showExtensions: true,
  tryItOutEnabled: true,
  validatorUrl: null,
})
