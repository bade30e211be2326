/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.error.Arguments;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.json.JsonObjects;

/**
 * What a training was: hashes of what went in and of what came out, how it was done, and what was checked. It stands beside the
 * adapter as {@value #FILE}. Two runs that are the same have receipts that differ in {@link #run} alone, which no hash covers.
 *
 * <p>A receipt says that files belong together. It proves nothing about who wrote it, as anybody can write one: that takes a
 * {@link ModelSignature} over all files.
 *
 * @param task what was trained, such as {@code TextClassifier}
 * @param hashes SHA-256 by what it is of: {@value #TRAINED}, {@value #BASE}, {@value #BASE_PARAMETERS}, {@value #TOKENIZER},
 *     {@value #CHAT_TEMPLATE}
 * @param data what the parts contained, by {@value #TRAIN} and {@value #VALIDATION}
 * @param config the config of the adapter as PEFT has it, without the name of the base; empty if no adapter learned
 * @param plan how it was trained, by name
 * @param seed the seed of everything random
 * @param result steps, rates, metrics, and whether the start was kept
 * @param checks what was checked after the training, and passed
 * @param libraries versions by name
 * @param envelope within what the bits repeat: the Java machine, instructions, threads, parts, what multiplies
 * @param run paths, start, duration: what differs from run to run
 * @apiNote Status: stable
 */
public record Receipt(
        String task,
        Map<String, String> hashes,
        Map<String, DataHashes> data,
        Map<String, Object> config,
        Map<String, Object> plan,
        long seed,
        Map<String, Object> result,
        List<String> checks,
        Map<String, Object> libraries,
        Map<String, Object> envelope,
        Map<String, Object> run) {

    /** The name of its file. */
    public static final String FILE = "lora4j_receipt.json";

    /** The hash of what was trained. */
    public static final String TRAINED = "trained";
    /** The hash of the weights of the base, before they are stored in fewer bits. */
    public static final String BASE = "base";
    /**
     * The hash of those parameters of the base that the model knew, where a {@code Trainer} trained without a task around it. Loads compare them
     * one by one, by the hashes in the adapter.
     */
    public static final String BASE_PARAMETERS = "base_parameters";
    /** The hash of the tokenizer. */
    public static final String TOKENIZER = "tokenizer";
    /** The hash of the chat template. */
    public static final String CHAT_TEMPLATE = "chat_template";
    /** The examples that were learned from. */
    public static final String TRAIN = "train";
    /** The examples that the best epoch was chosen by. */
    public static final String VALIDATION = "validation";

    /** The longest file that is read, in bytes. */
    public static final int MOST_BYTES = 1 << 20;

    private static final int VERSION = 1;
    private static final String CONTENT = "content_sha256";
    private static final String RUN = "run";
    private static final Set<String> HASHES = Set.of(TRAINED, BASE, BASE_PARAMETERS, TOKENIZER, CHAT_TEMPLATE);
    private static final Set<String> PARTS = Set.of(TRAIN, VALIDATION);
    private static final Set<String> FIELDS = new TreeSet<>(List.of(
            "version",
            "task",
            "hashes",
            "data",
            "config",
            "plan",
            "seed",
            "result",
            "checks",
            "libraries",
            "envelope",
            CONTENT,
            RUN));

    /**
     * Copies and checks everything.
     *
     * @param task as in the record
     * @param hashes as in the record
     * @param data as in the record
     * @param config as in the record
     * @param plan as in the record
     * @param seed as in the record
     * @param result as in the record
     * @param checks as in the record
     * @param libraries as in the record
     * @param envelope as in the record
     * @param run as in the record
     * @throws IllegalArgumentException if a hash is none, a name is unknown, or a value is none of JSON
     */
    public Receipt {
        Arguments.required(task, "Receipt: task", "what was trained");
        Arguments.allRequired(hashes, "Receipt: hashes", "a hash");
        Arguments.allRequired(data, "Receipt: data", "hashes of examples");
        hashes.forEach((name, hash) -> ReceiptValues.requireHash("Receipt: hashes." + MessageText.value(name), hash));
        requireNames("hashes", hashes.keySet(), HASHES);
        requireNames("data", data.keySet(), PARTS);
        if (!hashes.containsKey(TRAINED)) {
            throw new IllegalArgumentException("Receipt: hashes has no " + TRAINED + "; expected it.");
        }
        hashes = Collections.unmodifiableMap(new LinkedHashMap<>(hashes));
        data = Collections.unmodifiableMap(new LinkedHashMap<>(data));
        config = map("config", config);
        plan = map("plan", plan);
        result = map("result", result);
        checks = List.copyOf(Arguments.allRequired(checks, "Receipt: checks", "what was checked"));
        libraries = map("libraries", libraries);
        envelope = map("envelope", envelope);
        run = map("run", run);
    }

    private static void requireNames(String field, Set<String> names, Set<String> known) {
        if (!known.containsAll(names)) {
            throw new IllegalArgumentException("Receipt: " + field + " has " + Problems.quoted(names)
                    + "; expected some of " + Problems.quoted(new TreeSet<>(known)) + ".");
        }
    }

    @SuppressWarnings("unchecked") // A copy of a map with texts as keys is one.
    private static Map<String, Object> map(String name, Map<String, ?> values) {
        Arguments.required(values, "Receipt: " + name, "values by name");
        return (Map<String, Object>) ReceiptValues.copy("Receipt: " + name, values, 0);
    }

    /**
     * A hash.
     *
     * @param of {@value #TRAINED}, {@value #BASE}, {@value #BASE_PARAMETERS}, {@value #TOKENIZER} or {@value #CHAT_TEMPLATE}
     * @return the hash; empty if it was not known, or there was none
     */
    public Optional<String> hash(String of) {
        return Optional.ofNullable(hashes.get(of));
    }

    /**
     * Whether no epoch was better than the start, so that it was kept.
     *
     * @return true if so
     */
    public boolean startKept() {
        return Boolean.TRUE.equals(result.get("start_kept"));
    }

    /**
     * One hash of everything but {@link #run}: equal for runs that are the same.
     *
     * @return 64 hexadecimal digits
     */
    public String contentHash() {
        StringBuilder text = new StringBuilder();
        ReceiptValues.canonical(ReceiptValues.copy("Receipt", content(), 0), text);
        return Sha256.of(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private Map<String, Object> content() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("version", VERSION);
        values.put("task", task);
        values.put("hashes", hashes);
        Map<String, Object> parts = new LinkedHashMap<>();
        data.forEach((part, of) -> {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("examples", of.examples());
            fields.put("in_order", of.inOrder());
            fields.put("any_order", of.anyOrder());
            parts.put(part, fields);
        });
        values.put("data", parts);
        values.put("config", config);
        values.put("plan", plan);
        values.put("seed", seed);
        values.put("result", result);
        values.put("checks", checks);
        values.put("libraries", libraries);
        values.put("envelope", envelope);
        return values;
    }

    /**
     * As it stands in its file.
     *
     * @return an object of JSON, on several lines
     */
    public String json() {
        Map<String, Object> values = content();
        values.put(CONTENT, contentHash());
        values.put(RUN, run);
        return JsonObjects.write(values);
    }

    /**
     * Reads a file, of whoever wrote it.
     *
     * @param file the file
     * @return the receipt
     * @throws UnsupportedAdapterVersionException if it is of a later version
     * @throws CorruptAdapterException if it is longer than {@value #MOST_BYTES} bytes or not a receipt, has a field too many or too
     *     few, or its content is not that of its hash
     * @throws IOException if it cannot be read
     */
    public static Receipt read(Path file) throws IOException {
        Arguments.required(file, "Receipt.read: file", "a file named " + FILE);
        String where = MessageText.path(file);
        byte[] bytes = RegularFile.bytes(file, "a receipt", MOST_BYTES, CorruptAdapterException::new);
        return of(where, JsonObjects.read(where, bytes));
    }

    private static Receipt of(String where, Map<String, Object> fields) throws IOException {
        Object version = fields.get("version");
        if (version instanceof Integer number && number > VERSION) {
            throw new UnsupportedAdapterVersionException(where + ": version " + number + " of a receipt; expected "
                    + VERSION + ". Read it with the version of lora4j that wrote it.");
        }
        try {
            if (!Integer.valueOf(VERSION).equals(version) || !fields.keySet().equals(FIELDS)) {
                throw new IllegalArgumentException("it has version " + MessageText.value(version) + " and the fields "
                        + Problems.quoted(fields.keySet()) + "; expected version " + VERSION + " and "
                        + Problems.quoted(FIELDS));
            }
            Map<String, DataHashes> data = new LinkedHashMap<>();
            object(fields, "data").forEach((part, of) -> data.put(part, data(part, of)));
            Map<String, String> hashes = new LinkedHashMap<>();
            object(fields, "hashes").forEach((name, hash) -> hashes.put(name, text("hashes", hash)));
            List<String> checks = new ArrayList<>();
            if (!(fields.get("checks") instanceof List<?> list)) {
                throw new IllegalArgumentException("checks is no list");
            }
            list.forEach(check -> checks.add(text("checks", check)));
            Receipt receipt = new Receipt(
                    text("task", fields.get("task")),
                    hashes,
                    data,
                    object(fields, "config"),
                    object(fields, "plan"),
                    whole("seed", fields.get("seed")),
                    object(fields, "result"),
                    checks,
                    object(fields, "libraries"),
                    object(fields, "envelope"),
                    object(fields, RUN));
            String found = receipt.contentHash();
            if (!found.equals(fields.get(CONTENT))) {
                throw new IllegalArgumentException("the hash of its content is " + found + ", but it says "
                        + MessageText.name(fields.get(CONTENT)));
            }
            return receipt;
        } catch (IllegalArgumentException e) {
            throw new CorruptAdapterException(
                    MessageText.bounded(where + ": it is no sound receipt: " + e.getMessage()
                            + "; expected one as save writes it. It was changed, or is damaged: get the directory again,"
                            + " or remove the file to have what is beside it taken unchecked."),
                    e);
        }
    }

    private static DataHashes data(String part, Object value) {
        Map<String, Object> fields = object(Map.of("data", value), "data");
        if (!fields.keySet().equals(Set.of("examples", "in_order", "any_order"))) {
            throw new IllegalArgumentException(
                    "data." + MessageText.value(part) + " has the fields " + Problems.quoted(fields.keySet()));
        }
        return new DataHashes(
                whole("examples", fields.get("examples")),
                text("in_order", fields.get("in_order")),
                text("any_order", fields.get("any_order")));
    }

    private static Map<String, Object> object(Map<String, ?> fields, String name) {
        if (!(fields.get(name) instanceof Map<?, ?> map)) {
            throw new IllegalArgumentException(name + " is no object");
        }
        Map<String, Object> named = new LinkedHashMap<>();
        map.forEach((key, value) -> named.put(String.valueOf(key), value));
        return named;
    }

    private static String text(String name, Object value) {
        if (value instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException(name + " has " + MessageText.value(value) + ", expected a text");
    }

    private static long whole(String name, Object value) {
        if (value instanceof Integer || value instanceof Long) {
            return ((Number) value).longValue();
        }
        throw new IllegalArgumentException(name + " is " + MessageText.value(value) + ", expected a whole number");
    }

    /**
     * The same with further words about the run.
     *
     * @param more values by name, added to those that are there
     * @return another receipt with the same {@link #contentHash}
     */
    public Receipt withRun(Map<String, ?> more) {
        Map<String, Object> all = new LinkedHashMap<>(run);
        all.putAll(Arguments.required(more, "Receipt.withRun: more", "values by name"));
        return new Receipt(task, hashes, data, config, plan, seed, result, checks, libraries, envelope, all);
    }

    /**
     * The same with a further check that passed.
     *
     * @param check what was checked
     * @return another receipt; this one, if it has the check
     */
    public Receipt withCheck(String check) {
        if (checks.contains(check)) {
            return this;
        }
        List<String> all = new ArrayList<>(checks);
        all.add(Arguments.required(check, "Receipt.withCheck: check", "what was checked"));
        return new Receipt(task, hashes, data, config, plan, seed, result, all, libraries, envelope, run);
    }

    @Override
    public String toString() {
        return "Receipt[" + task + ", " + contentHash() + "]";
    }
}
