/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.util.Locale;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.RankedConfig;
import org.lora4j.internal.format.file.StagedFiles;

/** The README.md beside an adapter. One that a person wrote or changed is left alone. */
final class AdapterCard {

    private static final int SHOWN = 20;

    private AdapterCard() {}

    static String text(Adapter adapter) {
        AdapterConfig config = adapter.config();
        String tag = config.peftType().toLowerCase(Locale.ROOT);
        String base = config.baseModelName() == null ? null : oneLine(config.baseModelName());
        StringBuilder text = new StringBuilder("---\n");
        if (base != null) {
            text.append("base_model: '").append(base.replace("'", "''")).append("'\n");
        }
        text.append("library_name: peft\ntags:\n- ")
                .append(tag)
                .append("\n---\n")
                .append(StagedFiles.CARD_MARK)
                .append("\n\n# " + (tag.equals("lora") ? "LoRA" : config.peftType()) + " adapter\n\n")
                .append("* Base model: ")
                .append(base == null ? "not named" : base)
                .append('\n')
                .append(
                        config instanceof RankedConfig ranked
                                ? "* Rank " + ranked.rank() + ", alpha " + ranked.alpha() + "\n"
                                : "")
                .append("* Adapted modules: ")
                .append(adapter.modules().size())
                .append('\n');
        adapter.modules().keySet().stream()
                .limit(SHOWN)
                .forEach(path -> text.append("  * `").append(oneLine(path)).append("`\n"));
        if (adapter.modules().size() > SHOWN) {
            text.append("  * and ").append(adapter.modules().size() - SHOWN).append(" more\n");
        }
        adapter.savedParameters().keySet().stream()
                .limit(SHOWN)
                .forEach(path ->
                        text.append("* Saved in full: `").append(oneLine(path)).append("`\n"));
        return text.append("\n## Loading\n\nIn Python, with PEFT:\n\n```python\n")
                .append(
                        "from peft import PeftModel\n\nmodel = PeftModel.from_pretrained(base_model, \"path/to/this/directory\")\n```\n\n")
                .append("In Java, with lora4j:\n\n```java\n")
                .append("Adapter adapter = Adapter.load(Path.of(\"path/to/this/directory\"));\n```\n")
                .toString();
    }

    private static String oneLine(String text) {
        return text.replaceAll("[\\p{Cntrl}`]", " ");
    }
}
