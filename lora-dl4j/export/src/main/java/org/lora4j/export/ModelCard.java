/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * What a {@code README.md} beside a model says: what it was made of, under which licences, and how good it is. How it is loaded
 * is added by the export, which knows.
 *
 * <pre>{@code
 * ModelCard card = ModelCard.of("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")
 *         .data("BANKING77", "cc-by-4.0")
 *         .metric("accuracy", 0.927);
 * }</pre>
 *
 * <p><b>State.</b> Immutable.
 *
 * @apiNote Status: experimental
 */
public final class ModelCard {

    /** Without any of it. */
    static final ModelCard EMPTY = new ModelCard("", "", Map.of(), Map.of());

    private final String base;
    private final String baseLicense;
    private final Map<String, String> data;
    private final Map<String, Double> metrics;

    private ModelCard(String base, String baseLicense, Map<String, String> data, Map<String, Double> metrics) {
        this.base = base;
        this.baseLicense = baseLicense;
        this.data = data;
        this.metrics = metrics;
    }

    /**
     * A card.
     *
     * @param base the base model, as Hugging Face names it if it is there
     * @param license its licence, as SPDX or Hugging Face names it, such as {@code apache-2.0}
     * @return the card
     */
    public static ModelCard of(String base, String license) {
        return new ModelCard(
                oneLine(Objects.requireNonNull(base, "ModelCard: base is null; expected a name")),
                oneLine(Objects.requireNonNull(license, "ModelCard: license is null; expected a name")),
                Map.of(),
                Map.of());
    }

    /**
     * Adds what was learned from.
     *
     * @param name the data set
     * @param license its licence
     * @return a new card
     */
    public ModelCard data(String name, String license) {
        Map<String, String> more = new LinkedHashMap<>(data);
        more.put(oneLine(name), oneLine(license));
        return new ModelCard(base, baseLicense, Collections.unmodifiableMap(more), metrics);
    }

    /**
     * Adds a number by which the model was judged.
     *
     * @param name what it is, and on which examples
     * @param value the number
     * @return a new card
     */
    public ModelCard metric(String name, double value) {
        Map<String, Double> more = new LinkedHashMap<>(metrics);
        more.put(oneLine(name), value);
        return new ModelCard(base, baseLicense, data, Collections.unmodifiableMap(more));
    }

    /** The base model, if the card names one. */
    Optional<String> base() {
        return base.isEmpty() ? Optional.empty() : Optional.of(base);
    }

    /** A text with the header that Hugging Face reads. */
    String text(String title, String library, String made, String loading) {
        StringJoiner lines = new StringJoiner("\n", "", "\n");
        lines.add("---");
        if (!base.isEmpty()) {
            lines.add("base_model: " + quoted(base)).add("license: " + quoted(baseLicense));
        }
        lines.add("library_name: " + library);
        if (!data.isEmpty()) {
            lines.add("datasets:");
            data.keySet().forEach(name -> lines.add("- " + quoted(name)));
        }
        lines.add("---").add("").add("# " + title).add("").add(made).add("");
        lines.add("* Base model: " + (base.isEmpty() ? "not named" : base + ", licence " + baseLicense));
        if (data.isEmpty()) {
            lines.add("* Data: not named");
        }
        data.forEach((name, license) -> lines.add("* Data: " + name + ", licence " + license));
        if (!metrics.isEmpty()) {
            lines.add("").add("| metric | value |").add("|---|---|");
            metrics.forEach((name, value) -> lines.add(
                    "| " + name.replace("|", "/") + " | " + String.format(Locale.ROOT, "%.4f", value) + " |"));
        }
        return lines.add("").add("## Loading").add("").add(loading.strip()).toString();
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    /** A line break in a name would begin another field of the header. */
    private static String oneLine(String text) {
        return text.replaceAll("[\\p{Cntrl}`]", " ").strip();
    }

    @Override
    public String toString() {
        return "ModelCard[" + base + ", " + baseLicense + ", data " + data + ", metrics " + metrics + "]";
    }
}
