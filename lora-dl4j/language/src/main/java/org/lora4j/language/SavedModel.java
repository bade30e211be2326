/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.lora4j.adapter.Adapter;
import org.lora4j.error.CorruptAdapterException;
import org.lora4j.error.IncompatibleBaseException;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.error.UnsupportedAdapterVersionException;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.file.AllowedFolders;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.file.Sha256;
import org.lora4j.internal.format.file.StagedDirectory;
import org.lora4j.internal.format.file.WholeFile;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.language.CompanionFiles;
import org.lora4j.random.RandomStreams;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.SavedFitReport;
import org.lora4j.trust.ModelSignature;
import org.lora4j.trust.Receipt;
import org.lora4j.trust.TrustPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A language model as a directory. If all weights were trained, it is a model of Hugging Face with adapters in folders of their
 * names; else the adapters are written as PEFT does, one alone or the default one at the top, and the base stays where it is.
 */
final class SavedModel {

    /** What says which base, which adapters, and how they were trained. */
    static final String DESCRIPTION = "lora4j_language.json";

    private static final int VERSION = 1;
    private static final String READ_BACK = "what was saved answers a probe with the same bits";
    private static final long PROBE_SEED = 20261201;
    private static final int PROBE_TOKENS = 16;
    private static final String WEIGHTS = "model.safetensors";
    private static final String CONFIG = "config.json";
    private static final String ADAPTER = "adapter_config.json";
    private static final String DEFAULT = AdaptedSameDiff.DEFAULT_ADAPTER;

    /** What tells one base from another before its weights are read; adapters know hashes of those. */
    private static final List<String> OF_BASE = List.of(CONFIG, "tokenizer.json");

    private static final int MOST_BYTES = 256 << 20;

    /** A folder of this name is below the directory on every system. */
    private static final Pattern FOLDER = Pattern.compile("[^./\\\\:\\p{Cntrl}][^/\\\\:\\p{Cntrl}]{0,99}");

    private static final Set<String> FILES = files();

    private final Path file;
    private final Map<String, Object> fields;

    private SavedModel(Path directory) throws IOException {
        this.file = directory.resolve(DESCRIPTION);
        this.fields = JsonObjects.read(file);
        if (!Integer.valueOf(VERSION).equals(fields.get("version"))) {
            throw new UnsupportedAdapterVersionException(
                    MessageText.path(file) + ": version " + MessageText.value(fields.get("version"))
                            + " of a language model; expected " + VERSION
                            + ". Read it with the version of lora4j that wrote it.");
        }
    }

    private static Set<String> files() {
        Set<String> files = new TreeSet<>(CompanionFiles.NAMES);
        files.addAll(List.of(
                DESCRIPTION,
                WEIGHTS,
                CONFIG,
                ADAPTER,
                "adapter_model.safetensors",
                "README.md",
                Receipt.FILE,
                "bom.cdx.json",
                ModelSignature.FILE,
                ".lora4j-lock"));
        return files;
    }

    /** Whether {@link #write} made a directory. */
    static boolean isSaved(Path directory) {
        return Files.exists(StagedDirectory.locate(directory).resolve(DESCRIPTION));
    }

    /** Refuses a model that no files of a base describe. */
    static void requirePlainLayers(CausalLm model, String call) {
        if (model.replication().isPresent()) {
            throw new IllegalStateException("CausalLm." + call + ": the layers are replicated; expected a model as its"
                    + " directory has it. Save the adapter, model.model().adapter(name).save(directory), and replicate again"
                    + " where it is loaded.");
        }
    }

    static void write(CausalLm model, Path directory) throws IOException {
        requirePlainLayers(model, "save");
        List<String> names =
                model.adapted().map(adapted -> adapted.adapterNames()).orElse(List.of());
        if (names.isEmpty() && !model.hasOwnWeights()) {
            throw new IllegalStateException(
                    "CausalLm.save: nothing was trained, and there is no adapter; expected a model that"
                            + " learned. The model as it was read is in " + MessageText.path(model.directory()) + ".");
        }
        Map<String, String> folders = folders(names, model.hasOwnWeights());
        requireReplaceable(directory, model.directory());
        StagedDirectory.Content content = staging -> {
            if (model.hasOwnWeights()) {
                CompanionFiles.copy(model.directory(), staging, "float32");
                SafetensorsWriter.write(staging.resolve(WEIGHTS), tensors(model), Map.of("format", "pt"));
            }
            for (Map.Entry<String, String> folder : folders.entrySet()) {
                Adapter adapter = model.model().adapter(folder.getKey());
                Optional<LmEvidence> evidence = model.evidence(folder.getKey());
                Optional<Receipt> receipt =
                        evidence.isPresent() ? evidence.get().of(model, adapter) : Optional.empty();
                receipt.map(of -> adapter.withReceipt(finished(of, directory)))
                        .orElse(adapter)
                        .save(staging.resolve(folder.getValue()));
            }
            JsonObjects.write(staging.resolve(DESCRIPTION), description(model, folders));
            requireSame(model, staging, folders);
            Optional<LmEvidence> all = model.evidence(CausalLm.ALL_WEIGHTS);
            if (model.hasOwnWeights() && all.isPresent()) {
                WholeFile.write(
                        staging.resolve(Receipt.FILE),
                        finished(all.get().ofWeights(model), directory).json());
            }
        };
        boolean old = Files.exists(directory, LinkOption.NOFOLLOW_LINKS)
                || !StagedDirectory.locate(directory).equals(directory);
        if (old) {
            StagedDirectory.replace("CausalLm.save", directory, content);
        } else {
            StagedDirectory.write("CausalLm.save", directory, content);
        }
    }

    private static Receipt finished(Receipt receipt, Path directory) {
        return receipt.withCheck(READ_BACK)
                .withRun(Map.of(
                        "directory",
                        directory.toString(),
                        "written",
                        Instant.now().toString()));
    }

    /** What was written has to answer as what is in memory, in every bit, before anybody sees it. */
    private static void requireSame(CausalLm model, Path staging, Map<String, String> folders) throws IOException {
        boolean same = true;
        if (model.hasOwnWeights()) {
            same = holdsWeights(model, staging.resolve(WEIGHTS));
        }
        for (Map.Entry<String, String> folder : folders.entrySet()) {
            String written = Adapter.load(staging.resolve(folder.getValue())).contentHash();
            same &= written.equals(model.model().adapter(folder.getKey()).contentHash());
        }
        if (same && !model.hasOwnWeights() && model.model().mergedAdapters().isEmpty()) {
            // Over the weights that are there: it is not closed, as that would close the tokenizer that both have.
            CausalLm again = model.base();
            new SavedModel(staging)
                    .addAdapters(staging, staging, again, TrustPolicy.usual().allowOtherBase());
            int[] probe = RandomStreams.of(PROBE_SEED, "probe")
                    .ints(Math.min(PROBE_TOKENS, model.contextLength()), 0, model.vocabularySize())
                    .toArray();
            same = Arrays.equals(model.logProbabilities(probe), again.logProbabilities(probe));
        }
        if (!same) {
            throw new IOException(
                    "CausalLm.save: what was written answers otherwise than what is in memory; expected the same"
                            + " bits. Nothing was saved. Check the disk and the memory of this machine, and save again.");
        }
    }

    /** Tensor by tensor, so that no second copy is held. */
    private static boolean holdsWeights(CausalLm model, Path file) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (String name : model.weights().names()) {
                INDArray array = model.weights().array(name);
                try (INDArray written =
                        ArrayBytes.read(reader, reader.tensor(name), ElementCodec.exactFor(array.dataType()))) {
                    if (!ArrayBytes.same(array, written)) {
                        return false;
                    }
                }
            }
            return true;
        }
    }

    /** Where each adapter is; empty for the directory itself. */
    private static Map<String, String> folders(List<String> names, boolean ownWeights) {
        String top = ownWeights ? null : names.size() == 1 ? names.get(0) : DEFAULT;
        Map<String, String> folders = new LinkedHashMap<>();
        Problems problems = new Problems();
        for (String name : names) {
            boolean above = name.equals(top);
            problems.check(
                    above || FOLDER.matcher(name).matches() && !FILES.contains(name),
                    "adapter " + MessageText.name(name)
                            + " is kept in a folder of its name, expected no name of a file that a"
                            + " save writes, no dot at its beginning, no colon, and at most 100 characters");
            folders.put(name, above ? "" : name);
        }
        problems.throwIfAny("CausalLm.save");
        return folders;
    }

    /** All of a directory is replaced, so nothing may be in it that no save wrote; and the base is never written to. */
    private static void requireReplaceable(Path directory, Path base) throws IOException {
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (Files.exists(base) && Files.isSameFile(directory, base)) {
            throw refused(directory, "is the directory that the model was read from, which is never written to");
        }
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            throw refused(directory, "is no directory");
        }
        List<Path> entries;
        try (Stream<Path> list = Files.list(directory)) {
            entries = list.sorted().toList();
        }
        if (entries.isEmpty()) {
            return;
        }
        List<String> foreign = entries.stream()
                .filter(entry -> !isOfSave(entry))
                .map(entry -> entry.getFileName().toString())
                .toList();
        if (!isSaved(directory) || !foreign.isEmpty()) {
            throw refused(
                    directory,
                    foreign.isEmpty()
                            ? "holds files of no earlier save"
                            : "holds " + Problems.quoted(foreign) + ", which no save wrote");
        }
    }

    private static boolean isOfSave(Path entry) {
        return Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)
                ? Files.exists(entry.resolve(ADAPTER))
                : FILES.contains(entry.getFileName().toString());
    }

    private static FileSystemException refused(Path directory, String why) {
        return new FileSystemException(
                MessageText.path(directory),
                null,
                why + "; expected a new or empty directory, or an earlier save of a model. Name another one.");
    }

    private static List<TensorSource> tensors(CausalLm model) {
        List<TensorSource> tensors = new ArrayList<>();
        for (String name : model.weights().names()) {
            INDArray array = model.weights().array(name);
            tensors.add(ArrayBytes.source(name, array, ElementCodec.exactFor(array.dataType())));
        }
        return tensors;
    }

    private static Map<String, Object> description(CausalLm model, Map<String, String> folders) throws IOException {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("version", VERSION);
        if (!model.hasOwnWeights()) {
            Map<String, Object> base = new LinkedHashMap<>();
            base.put("name", model.directory().toString());
            base.putAll(hashes(model.directory()));
            fields.put("base", base);
        }
        fields.put("adapters", folders);
        fields.put("active", acting(model));
        fields.put(
                "enabled", model.adapted().map(adapted -> adapted.isEnabled()).orElse(true));
        model.lastReport().ifPresent(report -> fields.put("report", SavedFitReport.values(report)));
        return fields;
    }

    private static List<String> acting(CausalLm model) {
        return model.adapted()
                .map(adapted -> Stream.concat(adapted.mergedAdapters().stream(), adapted.activeAdapters().stream())
                        .distinct()
                        .toList())
                .orElse(List.of());
    }

    private static Map<String, String> hashes(Path directory) throws IOException {
        Map<String, String> hashes = new LinkedHashMap<>();
        for (String name : OF_BASE) {
            Path file = directory.resolve(name);
            if (Files.exists(file)) {
                byte[] bytes = RegularFile.bytes(file, "a file of a model", MOST_BYTES, IOException::new);
                hashes.put("sha256 of " + name, Sha256.of(bytes));
            }
        }
        return hashes;
    }

    /** Reads a model that was saved, and its base from where it is. */
    static CausalLm read(Path directory, Path named, CausalLm.Storage storage, TrustPolicy policy, Path... folders)
            throws IOException {
        Path there = StagedDirectory.locate(directory);
        SavedModel saved = new SavedModel(there);
        Path base = saved.isBaseElsewhere() ? saved.find(folders) : there;
        CausalLm model =
                saved.isBaseElsewhere() ? CausalLm.loadPlain(base, storage) : CausalLm.loadPlain(base, named, storage);
        try {
            if (saved.isBaseElsewhere() && !policy.allowsOtherBase()) {
                saved.requireSame(base);
            }
            if (!saved.isBaseElsewhere()) {
                receiptOfWeights(there, named, policy);
            }
            saved.addAdapters(there, named, model, policy);
            return model;
        } catch (IOException | RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** The receipt of all weights, which are in the directory. */
    private static void receiptOfWeights(Path directory, Path named, TrustPolicy policy) throws IOException {
        Path file = directory.resolve(Receipt.FILE);
        Optional<Receipt> receipt = Files.exists(file) ? Optional.of(Receipt.read(file)) : Optional.empty();
        policy.requireReceipt(named, receipt);
        if (receipt.isPresent()) {
            String trained = receipt.get().hash(Receipt.TRAINED).orElseThrow();
            // Of the file, as weights may be stored in fewer bits here.
            String found = BaseContent.ofFiles(directory);
            if (!found.equals(trained)) {
                throw new CorruptAdapterException(
                        MessageText.path(file) + ": it is of weights with the hash " + trained
                                + ", but those beside it have " + found
                                + "; expected the same. They were changed after the training,"
                                + " or the files are of two: get the directory again, or remove the file to have it taken unchecked.");
            }
        }
    }

    /** Reads the adapters of a directory, for a base. */
    static CausalLm read(Path directory, Path named, CausalLm base, TrustPolicy policy) throws IOException {
        Path there = StagedDirectory.locate(directory);
        if (!isSaved(there)) {
            add(there, named, base, DEFAULT, "", policy);
            base.model().activate(DEFAULT);
            return base;
        }
        SavedModel saved = new SavedModel(there);
        if (!saved.isBaseElsewhere()) {
            throw new IncompatibleBaseException(MessageText.path(saved.file)
                    + ": all weights were trained, and are in this directory; expected adapters for a base. Call"
                    + " CausalLm.load(directory).");
        }
        if (!policy.allowsOtherBase()) {
            saved.requireSame(base.directory());
        }
        saved.addAdapters(there, named, base, policy);
        return base;
    }

    private boolean isBaseElsewhere() {
        return fields.containsKey("base");
    }

    private Map<?, ?> base() throws CorruptAdapterException {
        if (fields.get("base") instanceof Map<?, ?> base && base.get("name") instanceof String) {
            return base;
        }
        throw damaged("base", "an object with the name of the base");
    }

    private Path find(Path... folders) throws IOException {
        String name = (String) base().get("name");
        return AllowedFolders.find(name, directory -> directory, folders)
                .orElseThrow(() -> new IncompatibleBaseException(MessageText.path(file) + ": its base is "
                        + MessageText.name(name) + ", which "
                        + (folders.length == 0
                                ? "is not in this directory; expected folders that it may be looked for in. Call"
                                        + " CausalLm.load(directory, folder), or load(directory, base)."
                                : "is not below " + Problems.quoted(Arrays.asList(folders))
                                        + "; expected it there, in files that are no links to other places. Give its"
                                        + " folder, or the base: load(directory, base).")));
    }

    private void requireSame(Path directory) throws IOException {
        Map<?, ?> before = base();
        Problems problems = new Problems();
        hashes(directory)
                .forEach((name, hash) -> problems.check(
                        hash.equals(before.get(name)),
                        name + " is " + hash + ", expected " + MessageText.name(before.get(name))));
        if (!problems.isEmpty()) {
            throw new IncompatibleBaseException(problems.message(MessageText.path(file)) + ". "
                    + MessageText.path(directory) + " holds another base than the one it was trained on, "
                    + MessageText.name(before.get("name")) + ".");
        }
    }

    private void addAdapters(Path directory, Path named, CausalLm model, TrustPolicy policy) throws IOException {
        if (!(fields.get("adapters") instanceof Map<?, ?> adapters)) {
            throw damaged("adapters", "an object with the folder of each");
        }
        for (Map.Entry<?, ?> entry : adapters.entrySet()) {
            if (!(entry.getValue() instanceof String folder)
                    || !folder.isEmpty() && !FOLDER.matcher(folder).matches()) {
                throw damaged("adapters", "the name of a folder for each");
            }
            add(directory, named, model, (String) entry.getKey(), folder, policy);
        }
        if (!(fields.get("active") instanceof List<?> active)
                || !adapters.keySet().containsAll(active)) {
            throw damaged("active", "names of its adapters");
        }
        if (!adapters.isEmpty()) {
            model.model().activate(active.toArray(String[]::new));
            if (Boolean.FALSE.equals(fields.get("enabled"))) {
                model.model().disable();
            }
        }
        if (fields.get("report") instanceof Map<?, ?> report) {
            try {
                model.learned(SavedFitReport.of(report));
            } catch (IllegalArgumentException e) {
                throw new CorruptAdapterException(
                        MessageText.path(file) + ": report: " + e.getMessage() + ". Save the model again.", e);
            }
        }
    }

    private static void add(Path directory, Path named, CausalLm model, String name, String folder, TrustPolicy policy)
            throws IOException {
        Path place = folder.isEmpty() ? directory : directory.resolve(folder);
        Adapter adapter = Adapter.load(place);
        Path shown = folder.isEmpty() ? named : named.resolve(folder);
        policy.requireReceipt(shown, adapter.receipt());
        if (adapter.receipt().isPresent()) {
            policy.compare(MessageText.path(shown), adapter.receipt().get(), BaseContent.hashes(model));
        }
        try {
            model.model().addAdapter(name, policy.allowsOtherBase() ? adapter.forAnyBase() : adapter);
            adapter.receipt().ifPresent(receipt -> model.learned(name, LmEvidence.read(receipt)));
        } catch (IllegalArgumentException e) {
            throw new IncompatibleBaseException(MessageText.path(place) + ": " + e.getMessage(), e);
        }
    }

    private CorruptAdapterException damaged(String field, String expected) {
        return new CorruptAdapterException(MessageText.path(file) + ": " + field + " = "
                + MessageText.value(fields.get(field)) + "; expected " + expected + ". Save the model again.");
    }
}
