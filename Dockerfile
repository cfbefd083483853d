# The local service of The Eye, as run by `npm start`, with its state in /data. Not for production: the queue is in memory,
# and the keys are fixed. Deploy to Cloudflare with `npm run deploy`.
# The slim image and not alpine, because workerd is linked against glibc.
FROM node:24-slim

# workerd uses the system's certificates for TLS connections.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*

# wrangler writes next to the code (.wrangler, public), so its user must own the folder.
RUN mkdir -p /app /data && chown node:node /app /data
USER node
WORKDIR /app

COPY --chown=node:node package.json package-lock.json ./
RUN npm ci

# The Node of the lock file, which npm scripts use too.
ENV PATH=/app/node_modules/.bin:$PATH

COPY --chown=node:node . .

VOLUME /data
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://localhost:8787/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# Not started by npm, which does not forward SIGTERM. This way `docker stop` stops the service gracefully.
CMD ["node", "scripts/start.ts", "--ip", "0.0.0.0", "--persist-to", "/data"]
