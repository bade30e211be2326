/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.format.DType;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.internal.format.peft.PeftKey;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.ModuleShape;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Malformed tensors, generated: for each method of the table, each of its tensors in a sound adapter and each way to be malformed,
 * from a directory and as a value. Each is refused by the library itself, with the name of the tensor, what was found and what was
 * expected, and leaves the model as it was.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class MalformedTwinsContract {

    /** What adapters are attached to. */
    public interface Base {

        /** Its weights. */
        ModelWeights weights();

        /** The modules that can be adapted. */
        Map<String, ModuleShape> modules();

        /** Attaches an adapter and takes it away again. */
        void attach(Adapter adapter) throws IOException;

        /** All that can be told of it from outside. */
        Object state();

        /** A model that carries adapters. */
        static Base of(AdaptedModel model, Supplier<double[]> output) {
            return new Base() {
                @Override
                public ModelWeights weights() {
                    return ModelWeights.of(model);
                }

                @Override
                public Map<String, ModuleShape> modules() {
                    Map<String, ModuleShape> modules = new LinkedHashMap<>();
                    model.modules().forEach(module -> modules.put(module.path(), module.shape()));
                    return modules;
                }

                @Override
                public void attach(Adapter adapter) {
                    model.addAdapter("twin", adapter);
                    model.removeAdapter("twin");
                }

                @Override
                public Object state() {
                    return List.of(
                            model.adapterNames(),
                            model.activeAdapters(),
                            model.mergedAdapters(),
                            model.status().toString(),
                            Arrays.toString(output.get()));
                }
            };
        }
    }

    private final Map<String, Base> bases = new HashMap<>();

    /** The bases by name, each for the kinds of modules that it has. */
    protected abstract List<String> names();

    /** Makes a base. */
    protected abstract Base base(String name);

    /** Whether a shape of a parameter that is saved in full is taken all the same. */
    protected boolean isTaken(long[] sound, long[] other) {
        return false;
    }

    /** Every method. */
    static List<String> subjects() {
        return SoundAdapters.subjects();
    }

    private final List<String> wrong = new ArrayList<>();
    private int cases;

    @ParameterizedTest
    @MethodSource("subjects")
    void malformedTwins_areRefusedByName_andLeaveTheModel(String subject, @TempDir Path folder) throws IOException {
        wrong.clear();
        cases = 0;
        for (String name : names()) {
            Base base = bases.computeIfAbsent(name, this::base);
            Optional<Adapter> sound = sound(subject, base);
            if (sound.isPresent()) {
                Object before = base.state();
                Directory directory = new Directory(sound.get(), folder.resolve("sound"), folder.resolve("twin"));
                twins(subject + " in " + name, base, directory);
                base.attach(directory.load(Map.of(), Map.of()));
                assertThat(base.state()).as(subject + " in " + name).isEqualTo(before);
            }
        }

        assertThat(wrong).as(wrong.size() + " of " + cases).isEmpty();
        assertThat(cases > 0 || mayBeMissing(subject))
                .as(subject + " fits a base")
                .isTrue();
    }

    /** Whether the bases may have no module for a subject. */
    protected boolean mayBeMissing(String subject) {
        return false;
    }

    /** A sound adapter of all modules that the method takes; the base takes it. */
    private Optional<Adapter> sound(String subject, Base base) throws IOException {
        SoundAdapters made = new SoundAdapters(subject, base.weights(), base.modules());
        List<String> taken = new ArrayList<>();
        for (String path : made.candidates()) {
            Optional<Adapter> one = made.of(List.of(path));
            if (one.isPresent() && isTaken(base, one.get())) {
                taken.add(path);
            }
        }
        return taken.isEmpty() ? Optional.empty() : made.of(taken).filter(all -> isTaken(base, all));
    }

    private static boolean isTaken(Base base, Adapter adapter) {
        try {
            base.attach(adapter);
            return true;
        } catch (IllegalArgumentException | IOException refused) {
            return false;
        }
    }

    private void twins(String where, Base base, Directory directory) throws IOException {
        Adapter adapter = directory.adapter;
        Map<String, INDArray> all = new TreeMap<>(directory.tensors);
        all.putAll(directory.given);
        for (Map.Entry<String, INDArray> tensor : all.entrySet()) {
            String key = tensor.getKey();
            PeftKey meaning = PeftKeys.parse(key);
            boolean integers =
                    meaning instanceof PeftKey.Factor factor && factor.tensor().isInteger();
            boolean given = directory.given.containsKey(key);
            for (MalformedTwin twin : MalformedTwin.of(tensor.getValue(), integers)) {
                boolean legal = isLegal(base, adapter, meaning, tensor.getValue(), twin, given);
                Map<String, MalformedTwin> one = Map.of(key, twin);
                // No integer of a file is one of these.
                boolean inFile = !integers
                        || given
                        || !List.of("NaN", "Infinity", "0.5", "1.0E9").contains(twin.found());
                if (!legal && inFile) {
                    check(
                            where + ", directory, " + key,
                            key,
                            given ? twin : twin.inFile(),
                            () -> base.attach(directory.load(one, Map.of())));
                }
                // A part of what all share may be larger or smaller in a value: the others have the whole.
                boolean part = meaning instanceof PeftKey.Factor
                        && is(adapter, meaning, FactorTrait.SHARED)
                        && isResized(base, adapter, meaning, tensor.getValue(), twin);
                if (!legal && !part || integers && twin.what().startsWith("of type")) {
                    check(where + ", value, " + key, key, twin, () -> base.attach(value(adapter, meaning, twin)));
                }
            }
            if (!given) {
                INDArray moved = tensor.getValue().add(1);
                String other = doubled(key, meaning);
                MalformedTwin twin = new MalformedTwin("a second time as " + other, moved, "");
                check(
                        where + ", directory, " + key,
                        other,
                        twin,
                        () -> base.attach(directory.load(Map.of(), Map.of(other, twin))));
            }
        }
    }

    /** The same tensor under another prefix. */
    private static String doubled(String key, PeftKey meaning) {
        return meaning instanceof PeftKey.Shared ? "base_model.model.other." + key.substring(11) : "other." + key;
    }

    /** Shared tensors may be larger than any module needs, as other modules may need them, and integers have many types. */
    private boolean isLegal(
            Base base, Adapter adapter, PeftKey meaning, INDArray sound, MalformedTwin twin, boolean given) {
        if (twin.array() == null) {
            // What files hold several times may be missing in one place.
            return is(adapter, meaning, FactorTrait.REPEATED);
        }
        boolean whole = twin.array().dataType() != DataType.BOOL
                && !twin.array().dataType().isFPType();
        if (meaning instanceof PeftKey.Factor factor && factor.tensor().isInteger() && whole) {
            return true;
        }
        if (given && !twin.array().dataType().isFPType()) {
            // Numbers of a caller may have any type.
            return true;
        }
        if (meaning instanceof PeftKey.Saved || meaning instanceof PeftKey.Target) {
            return isTaken(sound.shape(), twin.array().shape());
        }
        return meaning instanceof PeftKey.Shared && isLarger(base, adapter, meaning, sound, twin);
    }

    private static boolean is(Adapter adapter, PeftKey meaning, FactorTrait trait) {
        return AdapterMethods.entry(adapter.config().peftType()).orElseThrow().is(suffix(meaning), trait);
    }

    private static String suffix(PeftKey meaning) {
        return meaning instanceof PeftKey.Factor factor
                ? factor.tensor().suffix()
                : meaning instanceof PeftKey.Shared shared ? shared.tensor().suffix() : "";
    }

    private static boolean isLarger(Base base, Adapter adapter, PeftKey meaning, INDArray sound, MalformedTwin twin) {
        return isResized(base, adapter, meaning, sound, twin)
                && IntStream.range(0, sound.rank())
                        .allMatch(axis -> twin.array().size(axis) >= sound.size(axis));
    }

    /** Whether no size differs but those that depend on the sizes of modules. */
    private static boolean isResized(Base base, Adapter adapter, PeftKey meaning, INDArray sound, MalformedTwin twin) {
        if (twin.array() == null
                || twin.array().isEmpty()
                || twin.array().dataType() != sound.dataType()
                || twin.array().rank() != sound.rank()
                || Arrays.equals(twin.array().shape(), sound.shape())) {
            return false;
        }
        String path = adapter.modules().keySet().iterator().next();
        ModuleShape shape = base.modules().get(path);
        ModuleShape twice = ModuleShape.linear(2 * shape.inputs(), 2 * shape.outputs());
        int rank = adapter.config().rankOf(path);
        AdapterMethod method = AdapterMethods.of(adapter.config(), path);
        long[] one = method.factors(shape, rank).get(suffix(meaning));
        long[] two = method.factors(twice, rank).get(suffix(meaning));
        return IntStream.range(0, one.length)
                .allMatch(axis -> one[axis] != two[axis] || twin.array().size(axis) == sound.size(axis));
    }

    private static Adapter value(Adapter sound, PeftKey meaning, MalformedTwin twin) {
        Map<String, Map<String, INDArray>> modules = new LinkedHashMap<>();
        sound.modules().forEach((path, tensors) -> modules.put(path, new LinkedHashMap<>(tensors)));
        Map<String, INDArray> saved = new LinkedHashMap<>(sound.savedParameters());
        if (meaning instanceof PeftKey.Factor factor) {
            PeftTensor tensor =
                    factor.tensor() == PeftTensor.TOKEN_ROWS_ALONE ? PeftTensor.TOKEN_ROWS : factor.tensor();
            put(modules.get(factor.modulePath()), tensor.suffix(), twin.array());
        } else if (meaning instanceof PeftKey.Shared shared) {
            modules.values().forEach(tensors -> put(tensors, shared.tensor().suffix(), twin.array()));
        } else if (meaning instanceof PeftKey.Target target) {
            put(saved, target.parameterPath(), twin.array());
        } else if (meaning instanceof PeftKey.Saved parameter) {
            put(saved, parameter.parameterPath(), twin.array());
        }
        return Adapter.of(sound.config(), modules, saved);
    }

    private static void put(Map<String, INDArray> tensors, String name, INDArray array) {
        if (array == null) {
            tensors.remove(name);
        } else {
            tensors.put(name, array);
        }
    }

    private interface Loading {
        void load() throws IOException;
    }

    private void check(String where, String key, MalformedTwin twin, Loading loading) {
        cases++;
        String as = where + ", " + twin.what() + ": ";
        try {
            loading.load();
            wrong.add(as + "is taken");
        } catch (RuntimeException | IOException | Error e) {
            String message = String.valueOf(e.getMessage());
            if (!isOfTheLibrary(e)) {
                wrong.add(as + e + " at " + e.getStackTrace()[0]);
            } else if (!message.contains(key) && !parts(key).stream().allMatch(message::contains)
                    || !message.contains(twin.found())
                    || !message.contains("expected")) {
                wrong.add(as + "expected " + parts(key) + " and " + twin.found() + " in: " + message);
            }
        }
    }

    /** The path and the name by which a message names a tensor. */
    private static List<String> parts(String key) {
        PeftKey meaning = PeftKeys.parse(key);
        if (meaning instanceof PeftKey.Factor factor) {
            return List.of(factor.modulePath(), factor.tensor().suffix());
        }
        if (meaning instanceof PeftKey.Shared shared) {
            return List.of(shared.tensor().suffix());
        }
        if (meaning instanceof PeftKey.Target target) {
            return List.of(target.parameterPath());
        }
        return List.of(meaning instanceof PeftKey.Saved saved ? saved.parameterPath() : key);
    }

    /** Whether an exception was made by the library: one of its own, or an argument that it refuses itself. */
    static boolean isOfTheLibrary(Throwable e) {
        boolean type = e.getClass() == IllegalArgumentException.class
                || e.getClass().getPackageName().equals("org.lora4j.error");
        return type
                && e.getStackTrace()[0].getClassName().startsWith("org.lora4j.")
                && (e.getCause() == null || isOfTheLibrary(e.getCause()));
    }

    /** The files of a sound adapter, and how some others than these are read. */
    private static final class Directory {

        private static final Map<DataType, DType> OTHERS = Map.of(
                DataType.INT64,
                DType.I64,
                DataType.INT32,
                DType.I32,
                DataType.UINT8,
                DType.U8,
                DataType.BOOL,
                DType.BOOL);

        private final Adapter adapter;
        private final Path twin;
        private final Map<String, INDArray> tensors = new TreeMap<>();
        private final Map<String, DType> types = new HashMap<>();
        private final Map<String, INDArray> given;

        Directory(Adapter adapter, Path sound, Path twin) throws IOException {
            this.adapter = adapter;
            this.twin = twin;
            given = adapter.unsavedTensors();
            adapter.save(sound);
            adapter.save(twin);
            try (SafetensorsReader reader = SafetensorsReader.open(sound.resolve("adapter_model.safetensors"))) {
                for (TensorEntry entry : reader.tensors().values()) {
                    boolean integers = PeftKeys.isInteger(entry.name());
                    ElementCodec codec = (integers
                                    ? ElementCodec.ofIntegers(entry.dtype())
                                    : ElementCodec.of(entry.dtype()))
                            .orElseThrow();
                    tensors.put(entry.name(), ArrayBytes.read(reader, entry, codec));
                    types.put(entry.name(), entry.dtype());
                }
            }
        }

        /** Reads the adapter with other tensors in the place of its own, and with further ones. */
        Adapter load(Map<String, MalformedTwin> others, Map<String, MalformedTwin> further) throws IOException {
            Map<String, INDArray> written = new TreeMap<>(tensors);
            others.forEach((key, other) -> written.replace(key, other.array()));
            further.forEach((key, other) -> written.put(key, other.array()));
            written.values().removeIf(array -> array == null);
            write(written);
            Map<String, INDArray> beside = new LinkedHashMap<>(given);
            beside.replaceAll(
                    (key, sound) -> others.containsKey(key) ? others.get(key).array() : sound);
            beside.values().removeIf(array -> array == null);
            return AdapterLoader.of(twin).tensors(beside).load();
        }

        /** Without the forcing to the disk that a real save takes its time for. */
        private void write(Map<String, INDArray> arrays) throws IOException {
            ByteArrayOutputStream content = new ByteArrayOutputStream();
            StringJoiner header = new StringJoiner(",", "{", "}");
            arrays.forEach((key, array) -> {
                INDArray sound = tensors.get(key);
                DType type = sound != null && sound.dataType() == array.dataType()
                        ? types.get(key)
                        : OTHERS.getOrDefault(array.dataType(), DType.F32);
                int from = content.size();
                content.writeBytes(bytes(array, type));
                header.add(String.format(
                        Locale.ROOT,
                        "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}",
                        key,
                        type,
                        Arrays.toString(array.shape()),
                        from,
                        content.size()));
            });
            byte[] head = header.toString().getBytes(StandardCharsets.UTF_8);
            ByteBuffer file = ByteBuffer.allocate(Long.BYTES + head.length + content.size())
                    .order(ByteOrder.LITTLE_ENDIAN);
            file.putLong(head.length).put(head).put(content.toByteArray());
            Files.write(twin.resolve("adapter_model.safetensors"), file.array());
        }

        private static byte[] bytes(INDArray array, DType type) {
            ByteBuffer bytes =
                    ByteBuffer.allocate((int) type.byteCount(array.shape())).order(ByteOrder.LITTLE_ENDIAN);
            for (long i = 0; bytes.hasRemaining(); i++) {
                double value = array.data().getDouble(i);
                switch (type) {
                    case F32 -> bytes.putFloat((float) value);
                    case F64 -> bytes.putDouble(value);
                    case I64 -> bytes.putLong((long) value);
                    case I32 -> bytes.putInt((int) value);
                    case I16 -> bytes.putShort((short) value);
                    default -> bytes.put((byte) value);
                }
            }
            return bytes.array();
        }
    }
}
