/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.adapter;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.LoraConfig;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.peft.PeftFile;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.lora4j.trust.Receipt;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One adapter: a config, the factors of each adapted module, and the parameters that were trained in full.
 *
 * <p><b>Shapes.</b> PEFT's, whatever host made it: linear {@code lora_A.weight} [rank, in] and {@code lora_B.weight}
 * [out, rank]; embedding {@code lora_embedding_A} [rank, vocabulary] and {@code lora_embedding_B} [dimension, rank];
 * convolution A [rank, in, k...] and B [out, rank, 1...]. Parameters saved in full have PyTorch's layout: linear
 * [out, in], convolution [out, in, k...], embedding [vocabulary, dimension].
 *
 * <p><b>State.</b> A value: arrays are copied when an adapter is made, and the arrays that it returns are its own, to be
 * read and never written to. They are FLOAT or DOUBLE, row-major, outside any workspace.
 *
 * <p><b>Threads.</b> Safe, as long as nobody writes to the arrays.
 *
 * @apiNote Status: stable
 */
public final class Adapter {

    private final PeftFile file;
    private final Map<String, Map<String, INDArray>> modules;
    private final Map<String, INDArray> savedParameters;
    private final Map<String, String> baseHashes;
    private final boolean ofPeft;
    private final Optional<Receipt> receipt;
    private volatile String contentHash;

    /** For arrays that belong to nobody else and have been checked. */
    Adapter(
            PeftFile file,
            Map<String, Map<String, INDArray>> modules,
            Map<String, INDArray> savedParameters,
            Map<String, String> baseHashes,
            boolean ofPeft) {
        this(file, modules, savedParameters, baseHashes, ofPeft, Optional.empty());
    }

    private Adapter(
            PeftFile file,
            Map<String, Map<String, INDArray>> modules,
            Map<String, INDArray> savedParameters,
            Map<String, String> baseHashes,
            boolean ofPeft,
            Optional<Receipt> receipt) {
        this.receipt = receipt;
        this.file = file;
        this.ofPeft = ofPeft;
        this.baseHashes = Collections.unmodifiableMap(new TreeMap<>(baseHashes));
        Map<String, Map<String, INDArray>> sorted = new TreeMap<>();
        modules.forEach((path, tensors) -> sorted.put(path, Collections.unmodifiableMap(new TreeMap<>(tensors))));
        this.modules = Collections.unmodifiableMap(sorted);
        this.savedParameters = Collections.unmodifiableMap(new TreeMap<>(savedParameters));
    }

    /**
     * Makes an adapter of copies of arrays.
     *
     * @param config what was adapted and how
     * @param modules for each module path its factors by PEFT's suffix ({@code lora_A.weight}, ...), in PEFT's shapes
     * @param savedParameters parameters trained in full by path ({@code classifier.weight}), in PyTorch's layout
     * @return the adapter
     * @throws IllegalArgumentException if anything does not fit: a missing factor, a shape that disagrees with the config's
     *     rank, an unknown suffix, a module or parameter that the config does not name, elements that are not finite
     *     floating-point numbers; the message lists all of it
     */
    public static Adapter of(
            AdapterConfig config, Map<String, Map<String, INDArray>> modules, Map<String, INDArray> savedParameters) {
        return of(config, Map.of(), modules, savedParameters);
    }

    /**
     * Makes an adapter of copies of arrays, with further fields for its config file.
     *
     * @param config what was adapted and how
     * @param extras the fields to carry along, as {@link #extras} gives them
     * @param modules as for {@link #of(AdapterConfig, Map, Map)}
     * @param savedParameters as for {@link #of(AdapterConfig, Map, Map)}
     * @return the adapter
     * @throws IllegalArgumentException as for {@link #of(AdapterConfig, Map, Map)}
     */
    public static Adapter of(
            AdapterConfig config,
            Map<String, Object> extras,
            Map<String, Map<String, INDArray>> modules,
            Map<String, INDArray> savedParameters) {
        Arguments.required(config, "Adapter.of: config", "what was adapted, and how");
        Arguments.required(extras, "Adapter.of: extras", "further fields, none if there are none");
        Arguments.allRequired(modules, "Adapter.of: modules", "the tensors of a module by name");
        Arguments.required(savedParameters, "Adapter.of: savedParameters", "arrays by name, none if there are none");
        PeftFile file = new PeftFile(config, extras);
        Problems problems = new Problems();
        Map<String, Map<String, INDArray>> factors = new TreeMap<>();
        modules.forEach((path, tensors) -> factors.put(path, copies("module \"" + path + "\", ", tensors, problems)));
        Map<String, INDArray> saved = copies("parameter ", savedParameters, problems);
        if (problems.isEmpty()) {
            SharedTensors.unite(config, factors, problems);
        }
        if (problems.isEmpty()) {
            new AdapterChecks(file, problems).check(factors, saved);
        }
        problems.throwIfAny("Adapter");
        return new Adapter(file, factors, saved, Map.of(), false);
    }

    private static Map<String, INDArray> copies(String where, Map<String, INDArray> arrays, Problems problems) {
        Map<String, INDArray> copies = new TreeMap<>();
        arrays.forEach((name, array) -> {
            if (array == null || !array.dataType().isFPType()) {
                DataType type = array == null ? null : array.dataType();
                problems.add(where + "\"" + name + "\": the array is of type " + type + ", expected floating point");
            } else {
                boolean integers =
                        PeftTensor.ofSuffix(name).filter(PeftTensor::isInteger).isPresent();
                INDArray exact = integers ? array.castTo(DataType.DOUBLE) : array;
                copies.put(name, array.isEmpty() ? array : ArrayBytes.ownCopy(exact));
            }
        });
        return copies;
    }

    /**
     * Reads an adapter from a PEFT directory. {@link AdapterLoader} reads what is not quite one.
     *
     * @param directory holds {@code adapter_config.json} and {@code adapter_model.safetensors}, or else {@code
     *     adapter_model.bin}, from which nothing is executed; further adapters that PEFT keeps in folders below are read by
     *     naming their folder
     * @return the adapter; F32, F16 and BF16 tensors become FLOAT arrays, F64 tensors DOUBLE
     * @throws AdapterFormatException if a file is missing, damaged or not supported, or the tensors do not fit the config
     *     or each other; the message lists everything. Subclasses tell damage and missing support apart
     * @throws IOException if reading fails
     */
    public static Adapter load(Path directory) throws IOException {
        Arguments.required(directory, "Adapter.load: directory", "a PEFT directory");
        return AdapterLoader.of(Objects.requireNonNull(directory, "Adapter.load: directory is null"))
                .load();
    }

    /**
     * Reads all adapters of a directory that PEFT wrote for a model with several.
     *
     * @param directory holds the adapter that PEFT calls {@code default}, further ones in folders of their names, or only
     *     such folders
     * @return adapters by name, {@code default} first
     * @throws AdapterFormatException as for {@link #load}, or if there is no adapter at all
     * @throws IOException if reading fails
     */
    public static Map<String, Adapter> loadAll(Path directory) throws IOException {
        Arguments.required(directory, "Adapter.loadAll: directory", "a directory of PEFT directories");
        return AdapterReader.readAll(directory);
    }

    /**
     * Writes this adapter as a PEFT directory, in the precision of its arrays.
     *
     * @param directory where to; as for {@link #save(Path, StorageType)}
     * @throws IOException as for {@link #save(Path, StorageType)}
     * @throws IllegalStateException as for {@link #save(Path, StorageType)}
     */
    public void save(Path directory) throws IOException {
        Arguments.required(directory, "Adapter.save: directory", "a directory to write to");
        AdapterWriter.save(this, directory, array -> ElementCodec.exactFor(array.dataType()));
    }

    /**
     * Writes this adapter as a PEFT directory: {@code adapter_config.json}, {@code adapter_model.safetensors} and a short
     * {@code README.md}, unless there is one that somebody else wrote. Equal adapters of the same base give equal bytes,
     * and an adapter that PEFT wrote its own.
     *
     * <p>An all-linear selector is written as the list of the adapted modules, as PEFT does, because only the host that
     * made this adapter knows which they were.
     *
     * <p><b>State.</b> An adapter that is already there is replaced whole: at any moment, a crash included,
     * {@link #load} finds either the old or the new one. Other files of the directory stay. One writer at a time: a
     * save waits up to 30 seconds for another one, of this process or another, and fails if that takes longer.
     *
     * @param directory where to; created if missing
     * @param type element type of all tensors
     * @throws IOException if writing fails, such as for a full disk or a directory without permission; the old content is
     *     intact then and nothing else is left behind
     * @throws IllegalStateException if this adapter holds no tensors
     * @throws IllegalArgumentException if a value is beyond the range of {@code type}; the message lists the tensors
     */
    public void save(Path directory, StorageType type) throws IOException {
        Arguments.required(directory, "Adapter.save: directory", "a directory to write to");
        Arguments.required(type, "Adapter.save: type", "how numbers are stored, such as StorageType.F32");
        AdapterWriter.save(this, directory, array -> type.codec());
    }

    /**
     * What was adapted and how.
     *
     * @return the config
     */
    public AdapterConfig config() {
        return file.config();
    }

    /**
     * What was adapted with LoRA and how.
     *
     * @return the config
     * @throws IllegalArgumentException if this is an adapter of another method
     */
    public LoraConfig loraConfig() {
        return LoraConfig.require(config(), "Adapter.loraConfig");
    }

    /**
     * The low-rank factors.
     *
     * @return for each module path, in order of paths, its arrays by PEFT's suffix; not to be written to
     */
    public Map<String, Map<String, INDArray>> modules() {
        return modules;
    }

    /**
     * The tensors that files of this adapter do not hold, as PEFT draws them again from a seed: projections that are not
     * saved, positions. Who loads the adapter again gives them.
     *
     * @return arrays by the keys that {@link AdapterLoader#tensors} takes; not to be written to
     */
    public Map<String, INDArray> unsavedTensors() {
        Map<String, INDArray> unsaved = new TreeMap<>();
        modules.forEach((path, factors) -> {
            AdapterMethod method = AdapterMethods.of(config(), path);
            factors.forEach((suffix, array) -> {
                if (method.traits().is(suffix, FactorTrait.UNSAVED)) {
                    unsaved.put(PeftKeys.key(path, suffix, method.traits().is(suffix, FactorTrait.SHARED)), array);
                }
            });
        });
        return unsaved;
    }

    /**
     * The parameters trained in full: those of {@code modulesToSave} and trained biases, and embeddings that PEFT saved
     * because they had been resized or are adapted. A host puts them in the place of the base's own before the updates.
     *
     * @return arrays by path of the parameter in the base model, such as {@code classifier.weight}; not to be written to
     */
    public Map<String, INDArray> savedParameters() {
        return savedParameters;
    }

    /**
     * Fields of the config file that lora4j carries along without using them.
     *
     * @return plain JSON values by PEFT's name
     */
    public Map<String, Object> extras() {
        return file.extras();
    }

    /**
     * What the base held on which this adapter was trained: a hash of each parameter that stayed as it was. A model takes the
     * hashes when it gives an adapter, files carry them ({@code __metadata__} of the tensors; never the config), and a
     * model whose base differs refuses the adapter.
     *
     * @return hashes by path of the parameter; empty for adapters of PEFT and for those made of arrays, which fit any base
     *     of their shapes
     */
    public Map<String, String> baseHashes() {
        return baseHashes;
    }

    /**
     * The same adapter with what is known of its base.
     *
     * @param hashes as {@link #baseHashes} has them
     * @return an adapter that shares the arrays of this one
     */
    public Adapter withBaseHashes(Map<String, String> hashes) {
        Arguments.allRequired(hashes, "Adapter.withBaseHashes: hashes", "a hash");
        return new Adapter(file, modules, savedParameters, hashes, ofPeft && hashes.isEmpty(), receipt);
    }

    /**
     * One hash of config and tensors, as its files have them: equal for equal adapters, whatever base they name.
     *
     * @return 64 hexadecimal digits
     */
    public String contentHash() {
        if (contentHash == null) {
            contentHash = AdapterWriter.hash(this);
        }
        return contentHash;
    }

    /**
     * What its training was, if its files say so, or if it was attached.
     *
     * @return the receipt, which is of these tensors; empty for adapters of Python and for those made of arrays
     */
    public Optional<Receipt> receipt() {
        return receipt;
    }

    /**
     * The same adapter with what its training was.
     *
     * @param value its receipt
     * @return an adapter that shares the arrays of this one, and is saved with the receipt
     * @throws IllegalArgumentException if the receipt is of another adapter
     */
    public Adapter withReceipt(Receipt value) {
        Arguments.required(value, "Adapter.withReceipt: value", "a receipt");
        String trained = value.hash(Receipt.TRAINED).orElse("none");
        if (!trained.equals(contentHash())) {
            throw new IllegalArgumentException(
                    "Adapter.withReceipt: the receipt is of an adapter with the hash " + trained
                            + ", but this one has " + contentHash()
                            + "; expected the same. It was changed after its training, or the"
                            + " receipt is of another one: save it without.");
        }
        return new Adapter(file, modules, savedParameters, baseHashes, ofPeft, Optional.of(value));
    }

    /**
     * The config as its file has it, for a receipt: without what names the base or the use.
     *
     * @return plain values of JSON by PEFT's name
     */
    public Map<String, Object> peftConfig() {
        return AdapterWriter.configOf(this);
    }

    /**
     * The same adapter for a base that was trained on, or changed in another way, since the adapter was trained. What it
     * does there, nobody has measured.
     *
     * @return an adapter without hashes of a base, which shares the arrays of this one
     */
    public Adapter forAnyBase() {
        return withBaseHashes(Map.of());
    }

    /**
     * The same adapter with what some others know of their base, for one that was computed from them.
     *
     * @param sources adapters
     * @return an adapter with the hashes on which all agree that have any for a parameter; it shares the arrays of this one
     */
    public Adapter onBaseOf(Collection<Adapter> sources) {
        Arguments.allRequired(sources, "Adapter.onBaseOf: sources", "an adapter");
        Map<String, String> hashes = new TreeMap<>();
        sources.forEach(source -> hashes.putAll(source.baseHashes));
        hashes.entrySet()
                .removeIf(hash -> sources.stream()
                        .anyMatch(source -> !hash.getValue()
                                .equals(source.baseHashes.getOrDefault(hash.getKey(), hash.getValue()))));
        return withBaseHashes(hashes);
    }

    /** Whether this was read from tensors that PEFT wrote, and is to be written with the same bytes. */
    boolean isOfPeft() {
        return ofPeft;
    }

    PeftFile file() {
        return file;
    }

    /**
     * Whether another adapter has the same config, extras and, value by value, tensors. What is known of the base does not
     * matter.
     *
     * @param other anything
     * @return true if nothing differs
     */
    @Override
    public boolean equals(Object other) {
        return other instanceof Adapter adapter
                && file.equals(adapter.file)
                && same(modules, adapter.modules, (a, b) -> same(a, b, ArrayBytes::same))
                && same(savedParameters, adapter.savedParameters, ArrayBytes::same);
    }

    private static <V> boolean same(Map<String, V> one, Map<String, V> other, BiPredicate<V, V> equal) {
        return one.keySet().equals(other.keySet())
                && one.entrySet().stream().allMatch(entry -> equal.test(entry.getValue(), other.get(entry.getKey())));
    }

    @Override
    public int hashCode() {
        return file.hashCode() * 31 + modules.keySet().hashCode();
    }

    @Override
    public String toString() {
        return "Adapter{" + modules.size() + " modules, " + savedParameters.size() + " saved parameters, " + config()
                + "}";
    }
}
