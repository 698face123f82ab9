// Each page of its own is an HTML file here. What is built is read by intake as it starts (web.c); beside every file that
// gets smaller by it lies the compressed one.
import vue from "@vitejs/plugin-vue";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

function compressed(): Plugin {
  let directory = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved: (config) => void (directory = config.build.outDir),
    closeBundle() {
      for (const name of readdirSync(directory, { recursive: true }) as string[]) {
        if (!/\.(html|js|css|svg)$/.test(name)) continue;
        const plain = readFileSync(join(directory, name));
        const small = gzipSync(plain, { level: 9 });
        if (small.length < plain.length) writeFileSync(join(directory, `${name}.gz`), small);
      }
    },
  };
}

export default defineConfig({
  plugins: [vue(), compressed()],
  base: "./",
  // A page is one step below the root, whatever path a proxy puts before that.
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `../${name}` : { relative: true }),
  },
  build: {
    outDir: process.env.WEB_OUT ?? "../../../build/web",
    emptyOutDir: true,
    target: "es2020", // what the browser inside WeChat has understood for years
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: { resident: "resident.html", work: "work.html" } },
  },
});
