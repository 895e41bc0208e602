/// <reference types="vitest/config" />
import { defineConfig, loadEnv } from "vite";

export default defineConfig(({ mode }) => {
  // Without the VITE_ prefix, so that it stays out of the bundle: only this machine's servers use it.
  const api = loadEnv(mode, import.meta.dirname, "TODO_API").TODO_API_URL ?? "http://127.0.0.1:8080";
  const proxy = { "/api": api, "/health": api };
  return {
    server: { proxy },
    preview: { proxy },
    build: {
      // A data: URL would be allowed by no strict Content-Security-Policy.
      assetsInlineLimit: 0,
    },
    test: { environment: "happy-dom" },
  };
});
