import { html, useState } from '../ui.js';
import { text } from '../text.js';
import { Icon } from './icons.js';

const THEMES = ['system', 'light', 'dark', 'dracula'];

export function ThemeSwitch() {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme);
  const choose = (event) => {
    const chosen = event.currentTarget.value;
    document.documentElement.dataset.theme = chosen;
    setTheme(chosen);
    try {
      localStorage.setItem('runspool.theme', chosen);
    } catch {
      // the choice then lasts as long as the page
    }
  };
  return html`<label class="theme">
    <span class="hidden">${text.theme.label}</span>
    <${Icon} name="theme" />
    <select value=${theme} onChange=${choose}>
      ${THEMES.map((name) => html`<option key=${name} value=${name} selected=${name === theme}>${text.theme[name]}</option>`)}
    </select>
  </label>`;
}
