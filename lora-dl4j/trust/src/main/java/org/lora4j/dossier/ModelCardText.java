/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.format.file.StagedFiles;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.Receipt;

/** A model card: the header of Hugging Face in YAML, and a text for people. */
final class ModelCardText {

    private final Dossier.Content content;
    private final StringBuilder text = new StringBuilder();

    private ModelCardText(Dossier.Content content) {
        this.content = content;
    }

    static String of(Dossier.Content content) {
        ModelCardText card = new ModelCardText(content);
        card.header();
        card.body();
        return card.text.toString();
    }

    private void header() {
        text.append("---\n");
        content.base()
                .ifPresent(
                        base -> text.append("base_model: ").append(yaml(base)).append('\n'));
        if (!content.config().isEmpty()) {
            text.append("library_name: peft\n");
        }
        content.license()
                .ifPresent(license ->
                        text.append("license: ").append(yaml(license)).append('\n'));
        list("language", content.languages());
        list("datasets", content.datasets().stream().map(Dossier.Dataset::name).toList());
        content.receipt().ifPresent(receipt -> list("metrics", metrics(receipt)));
        Set<String> tags = new LinkedHashSet<>();
        if (content.config().get("peft_type") instanceof String type) {
            tags.add(type.toLowerCase(Locale.ROOT));
        }
        tags.add("lora4j");
        tags.addAll(content.tags());
        list("tags", List.copyOf(tags));
        text.append("---\n");
    }

    private static List<String> metrics(Receipt receipt) {
        return receipt.result().get("metric") instanceof String metric ? List.of(metric) : List.of();
    }

    private void list(String name, List<String> values) {
        if (!values.isEmpty()) {
            text.append(name).append(":\n");
            values.forEach(value -> text.append("- ").append(yaml(value)).append('\n'));
        }
    }

    /** Between single quotes a text of one line stands for itself, but for the quote. */
    static String yaml(String value) {
        return "'" + line(value).replace("'", "''") + "'";
    }

    static String line(String value) {
        return value.replaceAll("[\\p{Cntrl}\\u0085\\u2028\\u2029]", " ").strip();
    }

    private void body() {
        text.append(StagedFiles.CARD_MARK)
                .append("\n\n# ")
                .append(markdown(content.name()))
                .append("\n\n");
        content.base()
                .ifPresent(base ->
                        text.append("Trained on ").append(markdown(base)).append(" with lora4j.\n\n"));
        section("Intended use", content.uses());
        section("Limits", content.limits());
        content.receipt().ifPresent(this::results);
        section("What was found in the data", content.findings());
        List<String> licenses = new ArrayList<>();
        content.license().ifPresent(license -> licenses.add("this model: " + license));
        licenses.addAll(content.inherited());
        section("Licenses", licenses);
    }

    private void section(String title, List<String> sentences) {
        if (!sentences.isEmpty()) {
            text.append("## ").append(title).append("\n\n");
            sentences.forEach(
                    sentence -> text.append("* ").append(markdown(sentence)).append('\n'));
            text.append('\n');
        }
    }

    private void results(Receipt receipt) {
        text.append("## Training and results\n\n| what | value |\n|---|---|\n");
        row("task", receipt.task());
        for (Map.Entry<String, DataHashes> part : receipt.data().entrySet()) {
            row("examples, " + part.getKey(), part.getValue().examples());
        }
        for (String name : List.of("metric", "before", "after", "steps", "epochs", "best_epoch", "highest_rate")) {
            if (receipt.result().containsKey(name)) {
                row(name.replace('_', ' '), receipt.result().get(name));
            }
        }
        row("seed", receipt.seed());
        if (receipt.startKept()) {
            row("kept", "the start, as no epoch was better");
        }
        row("receipt", receipt.contentHash());
        text.append("\nWithin this envelope the run repeats in every bit:\n\n| what | value |\n|---|---|\n");
        receipt.envelope().forEach(this::row);
        text.append('\n');
    }

    private void row(String name, Object value) {
        text.append("| ")
                .append(markdown(name))
                .append(" | ")
                .append(markdown(String.valueOf(value)))
                .append(" |\n");
    }

    /** Text of others must make neither tags nor columns. */
    private static String markdown(String value) {
        return line(value).replace("<", "&lt;").replace("|", "\\|");
    }
}
