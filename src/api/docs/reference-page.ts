/**
 * The page at the root: Swagger UI over openapi.json, loaded only from this origin. Its links are relative, so that
 * it works behind a proxy with a prefix.
 */

/** The icon is inline, so that browsers do not request /favicon.ico. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M2 16Q16 2 30 16Q16 30 2 16Z" fill="#1b1b1b"/><circle cx="16" cy="16" r="6" fill="#fff"/><circle cx="16" cy="16" r="3" fill="#1b1b1b"/></svg>',
)}`;

export const REFERENCE_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The Eye: API reference</title>
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="swagger-ui/swagger-ui.css">
<script src="swagger-ui/swagger-ui-bundle.js" defer></script>
<script src="swagger-ui/init.js" defer></script>
</head>
<body>
<noscript>This reference needs JavaScript. The same content as JSON: <a href="openapi.json">openapi.json</a></noscript>
<div id="swagger-ui"></div>
</body>
</html>
`;

/** Starts Swagger UI. Keys are not kept when the page is closed: an admin key should not stay in a browser's storage. */
export const REFERENCE_SCRIPT = `SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
});
`;

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
];

export const PAGE_HEADERS = {
  "Content-Security-Policy": POLICY.join("; "),
  "Referrer-Policy": "no-referrer",
};
