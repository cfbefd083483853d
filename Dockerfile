# The local service of The Eye: the same that `npm start` runs, with its state in /data. Not for production: the queue
# lives in memory, and the keys are fixed. Production is Cloudflare, by `npm run deploy`.
# slim and not alpine: workerd is linked against glibc.
FROM node:24-slim

# workerd takes the system's certificates when it opens TLS connections.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*

# wrangler writes beside the code (.wrangler, public), so the user who runs it owns the folder.
RUN mkdir -p /app /data && chown node:node /app /data
USER node
WORKDIR /app

COPY --chown=node:node package.json package-lock.json ./
RUN npm ci

# The Node that the lock file names, as npm scripts have it.
ENV PATH=/app/node_modules/.bin:$PATH

COPY --chown=node:node . .

VOLUME /data
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://localhost:8787/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# Not through npm, which does not hand SIGTERM on: `docker stop` ends the service in good order.
CMD ["node", "scripts/start.ts", "--ip", "0.0.0.0", "--persist-to", "/data"]
