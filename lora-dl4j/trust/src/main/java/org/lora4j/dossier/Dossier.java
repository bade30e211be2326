/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dossier;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.StagedFiles;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.trust.ModelSignature;
import org.lora4j.trust.Receipt;

/**
 * Papers of an adapter, written into its directory by one call: {@code README.md}, a model card with the header that Hugging Face reads;
 * {@value #BILL}, a bill of materials of CycloneDX; and, last of all, {@link ModelSignature#FILE}, if a key is given.
 *
 * <pre>{@code
 * Dossier.of(directory)
 *         .license("apache-2.0")
 *         .base("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")
 *         .dataset("acme/tickets", "cc-by-4.0")
 *         .intendedUse("Routing tickets of customers to a department.")
 *         .limit("English only.")
 *         .signedBy(keys)
 *         .write();
 * }</pre>
 *
 * <p>Results, data and settings come from the receipt; what nobody knows but the user, the user gives. <b>Threads.</b> For one thread.
 *
 * @apiNote Status: experimental
 */
public final class Dossier {

    /** The file of the bill of materials. */
    public static final String BILL = "bom.cdx.json";

    private static final String CONFIG = "adapter_config.json";
    private static final int MOST_OF_CARD = 1 << 20;

    private final Path directory;
    private final List<Dataset> datasets = new ArrayList<>();
    private final List<String> uses = new ArrayList<>();
    private final List<String> limits = new ArrayList<>();
    private final List<String> findings = new ArrayList<>();
    private final List<String> tags = new ArrayList<>();
    private final List<String> languages = new ArrayList<>();
    private Optional<String> name = Optional.empty();
    private Optional<String> license = Optional.empty();
    private Optional<String> base = Optional.empty();
    private Optional<String> baseLicense = Optional.empty();
    private Optional<KeyPair> keys = Optional.empty();

    /** Data that was learned from, with its license. */
    record Dataset(String name, String license) {}

    /** What card and bill are made of. */
    record Content(
            String name,
            Optional<String> license,
            Optional<String> base,
            Optional<String> baseLicense,
            List<Dataset> datasets,
            List<String> uses,
            List<String> limits,
            List<String> findings,
            List<String> tags,
            List<String> languages,
            Map<String, Object> config,
            Optional<Receipt> receipt) {

        /** Licenses of base and data, which what is made of them inherits. */
        List<String> inherited() {
            List<String> inherited = new ArrayList<>();
            baseLicense.ifPresent(of -> inherited.add(base.orElse("the base") + ": " + of));
            datasets.forEach(data -> inherited.add(data.name() + ": " + data.license()));
            return inherited;
        }
    }

    private Dossier(Path directory) {
        this.directory = directory;
    }

    /**
     * Starts a dossier.
     *
     * @param directory where an adapter or a task was saved
     * @return a dossier of what its files say
     */
    public static Dossier of(Path directory) {
        return new Dossier(Arguments.required(directory, "Dossier.of: directory", "the directory of an adapter"));
    }

    /**
     * Sets what the model is called; the name of the directory by default.
     *
     * @param value the name
     * @return this
     */
    public Dossier name(String value) {
        name = Optional.of(Arguments.required(value, "Dossier.name: value", "a name"));
        return this;
    }

    /**
     * Sets the license of what was trained.
     *
     * @param identifier as Hugging Face and SPDX write it, such as {@code apache-2.0}
     * @return this
     */
    public Dossier license(String identifier) {
        license = Optional.of(Arguments.required(identifier, "Dossier.license: identifier", "such as apache-2.0"));
        return this;
    }

    /**
     * Sets the base that it was trained on.
     *
     * @param model its name, as on Hugging Face; the name in the adapter's config by default
     * @param identifier its license
     * @return this
     */
    public Dossier base(String model, String identifier) {
        base = Optional.of(Arguments.required(model, "Dossier.base: model", "a name"));
        baseLicense = Optional.of(Arguments.required(identifier, "Dossier.base: identifier", "such as apache-2.0"));
        return this;
    }

    /**
     * Adds data that was learned from.
     *
     * @param data its name, as on Hugging Face
     * @param identifier its license
     * @return this
     */
    public Dossier dataset(String data, String identifier) {
        datasets.add(new Dataset(
                Arguments.required(data, "Dossier.dataset: data", "a name"),
                Arguments.required(identifier, "Dossier.dataset: identifier", "such as cc-by-4.0")));
        return this;
    }

    /**
     * Adds what it is meant for.
     *
     * @param sentence a sentence
     * @return this
     */
    public Dossier intendedUse(String sentence) {
        uses.add(Arguments.required(sentence, "Dossier.intendedUse: sentence", "a sentence"));
        return this;
    }

    /**
     * Adds what it cannot do, or should not be used for.
     *
     * @param sentence a sentence
     * @return this
     */
    public Dossier limit(String sentence) {
        limits.add(Arguments.required(sentence, "Dossier.limit: sentence", "a sentence"));
        return this;
    }

    /**
     * Adds what was found in the data, such as the notes of a fit or of a data report.
     *
     * @param sentences sentences
     * @return this
     */
    public Dossier findings(List<String> sentences) {
        findings.addAll(Arguments.allRequired(sentences, "Dossier.findings: sentences", "a sentence"));
        return this;
    }

    /**
     * Adds tags for the header.
     *
     * @param values tags, such as {@code text-classification}
     * @return this
     */
    public Dossier tags(String... values) {
        tags.addAll(Arguments.allRequired(List.of(values), "Dossier.tags: values", "a tag"));
        return this;
    }

    /**
     * Adds languages for the header.
     *
     * @param codes such as {@code en}
     * @return this
     */
    public Dossier languages(String... codes) {
        languages.addAll(Arguments.allRequired(List.of(codes), "Dossier.languages: codes", "a code, such as en"));
        return this;
    }

    /**
     * Has the directory signed, when everything else is written.
     *
     * @param pair keys on P-256, P-384 or P-521
     * @return this
     */
    public Dossier signedBy(KeyPair pair) {
        keys = Optional.of(Arguments.required(pair, "Dossier.signedBy: pair", "a pair of keys"));
        return this;
    }

    /**
     * Writes the card and the bill, and then the signature.
     *
     * @throws IllegalArgumentException if a license is missing that has to be known: that of the model, or of the base; the message
     *     lists all
     * @throws IOException if the directory holds nothing that was trained, has a card that somebody else wrote, or cannot be written
     */
    public void write() throws IOException {
        Path card = directory.resolve(StagedFiles.CARD);
        requireOwnCard(card);
        Content content = content();
        Problems problems = new Problems();
        problems.check(content.license().isPresent(), "no license, expected license(\"apache-2.0\") or another one");
        problems.check(
                content.base().isEmpty() || content.baseLicense().isPresent(),
                "the base " + MessageText.name(content.base().orElse(""))
                        + " has no license, expected base(name, license)");
        problems.throwIfAny("Dossier.write");
        WholeFile.write(card, ModelCardText.of(content));
        WholeFile.write(directory.resolve(BILL), BillOfMaterials.of(content));
        if (keys.isPresent()) {
            ModelSignature.sign(directory, keys.get());
        } else {
            // One of before is of other files.
            Files.deleteIfExists(directory.resolve(ModelSignature.FILE));
        }
    }

    private static void requireOwnCard(Path card) throws IOException {
        if (Files.exists(card)
                && !new String(RegularFile.start(card, MOST_OF_CARD), StandardCharsets.UTF_8)
                        .contains(StagedFiles.CARD_MARK)) {
            throw new AdapterFormatException(MessageText.path(card)
                    + ": it is a card that somebody else wrote; expected none, or one of lora4j. It is not replaced: move it"
                    + " elsewhere, and give its text by intendedUse(...) and limit(...).");
        }
    }

    private Content content() throws IOException {
        Path receipt = directory.resolve(Receipt.FILE);
        Path config = directory.resolve(CONFIG);
        Optional<Receipt> known = Files.exists(receipt) ? Optional.of(Receipt.read(receipt)) : Optional.empty();
        Map<String, Object> fields = Files.exists(config) ? JsonObjects.read(config) : Map.of();
        if (known.isEmpty() && fields.isEmpty()) {
            throw new AdapterFormatException(MessageText.path(directory) + ": it has neither " + CONFIG + " nor "
                    + Receipt.FILE + "; expected the directory of something that was trained. Save it there first.");
        }
        Object named = fields.get("base_model_name_or_path");
        return new Content(
                name.orElse(
                        String.valueOf(directory.toAbsolutePath().normalize().getFileName())),
                license,
                base.or(() -> named instanceof String text && !text.isBlank() ? Optional.of(text) : Optional.empty()),
                baseLicense,
                List.copyOf(datasets),
                List.copyOf(uses),
                List.copyOf(limits),
                List.copyOf(findings),
                List.copyOf(tags),
                List.copyOf(languages),
                fields,
                known);
    }
}
