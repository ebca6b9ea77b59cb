// A front end's own web server: its pages, the client library as it is written, and React from npm. It is another origin
// than Runspool, of which the pages know only the base URL.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join, normalize } from 'node:path';

const source = process.env.RUNSPOOL_SOURCE ?? new URL('../..', import.meta.url).pathname;
const modules = process.env.RUNSPOOL_TEST_MODULES ?? join(source, 'build', 'npm-tests');
const require = createRequire(join(modules, 'package.json'));
const TYPES = { js: 'text/javascript', html: 'text/html', css: 'text/css' };

// React is published as CommonJS: each file is wrapped as a module of the browser.
const REACT = {
  react: 'cjs/react.production.js',
  scheduler: 'cjs/scheduler.production.js',
  'react-dom': 'cjs/react-dom.production.js',
  'react-dom/client': 'cjs/react-dom-client.production.js',
};

async function wrap(name) {
  const folder = dirname(require.resolve(`${name.split('/')[0]}/package.json`));
  const code = await readFile(join(folder, REACT[name]), 'utf8');
  const wanted = [...new Set([...code.matchAll(/require\("([^"]+)"\)/g)].map(([, needed]) => needed))];
  const names = Object.keys(require(name)).filter((key) => /^[a-zA-Z_]\w*$/.test(key));
  return `${wanted.map((needed, i) => `import dep${i} from '${needed}';`).join('\n')}
const deps = {${wanted.map((needed, i) => `'${needed}': dep${i}`).join(', ')}};
const module = { exports: {} };
(function (module, exports, require) {${code}
})(module, module.exports, (name) => deps[name]);
export default module.exports;
export const { ${names.join(', ')} } = module.exports;`;
}

const IMPORTS = {
  ...Object.fromEntries(Object.keys(REACT).map((name) => [name, `/react/${name}.js`])),
  'runspool-client': '/client/index.js',
  'runspool-client/': '/client/',
};

const page = (name) => `<!doctype html><meta charset="utf-8"><title>${name}</title><link rel="stylesheet" href="/client/monitor.css">
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<div id="app"></div><script type="module" src="/${name}.js"></script>`;

async function answer(path) {
  const clean = normalize(path);
  if (clean.startsWith('/react/')) return wrap(clean.slice('/react/'.length, -'.js'.length));
  if (clean.startsWith('/client/')) {
    // As the package's exports say: runspool-client/topics is topics.js.
    const file = /\.(js|css)$/.test(clean) ? clean : `${clean}.js`;
    return readFile(join(source, 'htdocs', file));
  }
  if (clean.endsWith('.html')) return page(clean.slice(1, -'.html'.length));
  return readFile(join(source, 'tests', 'frontends', clean));
}

export async function startSite() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://here');
    const type = TYPES[pathname.split('.').pop()] ?? TYPES.js;
    try {
      const body = await answer(pathname);
      response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(body);
    } catch (error) {
      response.writeHead(404).end(error.message);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
