// A page whose module is fetched when it is first opened, so that the first load carries only what most people open first.

import { html, useEffect, useState } from '../ui.js';
import { styles } from '../styles.js';
import { Failure } from './resource.js';

/** lazy(() => import('./pages/x.js'), 'XPage', 'css/x.css'): a component that takes the page's properties. */
export function lazy(load, name, sheet) {
  let Page = null;
  return function Lazy(props) {
    const [state, setState] = useState({ turn: 0, loaded: Page, error: null });
    useEffect(() => {
      if (Page) return;
      let wanted = true;
      Promise.all([load(), sheet && styles(sheet)]).then(
        ([module]) => {
          Page = module[name];
          if (wanted) setState((was) => ({ ...was, loaded: Page, error: null }));
        },
        (error) => wanted && setState((was) => ({ ...was, error: Object.assign(error, { status: 0 }) })),
      );
      return () => (wanted = false);
    }, [state.turn]);
    if (state.error) return html`<div class="page"><${Failure} error=${state.error} retry=${() => setState({ turn: state.turn + 1, loaded: null, error: null })} /></div>`;
    return Page && html`<${Page} ...${props} />`;
  };
}
