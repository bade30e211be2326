/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.Adapter;
import org.lora4j.internal.format.peft.PeftKey;
import org.lora4j.internal.format.peft.PeftKeys;
import org.lora4j.internal.format.peft.PeftTensor;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorTrait;
import org.lora4j.method.MethodEntry;
import org.lora4j.method.ModuleShape;
import org.lora4j.weights.ModelWeights;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Malformed tensors, generated: for each method of the table, each of its tensors in a sound adapter and each way to be malformed,
 * from a file and as a value. Each is refused by the library itself, with the name of the tensor, what was found and what was
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

    /** Whether twins are read from files as well: what reads them knows no base, so that one subclass does. */
    protected boolean readsFiles() {
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
                Optional<TwinFiles> files =
                        readsFiles() ? Optional.of(new TwinFiles(sound.get(), folder)) : Optional.empty();
                twins(subject + " in " + name, base, sound.get(), files);
                base.attach(sound.get());
                assertThat(base.state()).as(subject + " in " + name).isEqualTo(before);
            }
        }

        assertThat(wrong).as(wrong.size() + " of " + cases).isEmpty();
        assertThat(cases).as(subject + " fits a base").isPositive();
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

    /** The tensors of an adapter by the keys of its files, whether a file holds them or not. */
    private static Map<String, INDArray> tensors(Adapter adapter) {
        Map<String, INDArray> tensors = new TreeMap<>(adapter.unsavedTensors());
        adapter.modules()
                .forEach((path, factors) -> factors.forEach((suffix, array) -> {
                    MethodEntry<?> entry =
                            AdapterMethods.entry(adapter.config().peftType()).orElseThrow();
                    boolean shared = entry.is(suffix, FactorTrait.SHARED);
                    if (shared) {
                        tensors.put(PeftKeys.key(path, suffix, true), array);
                    }
                    boolean given = adapter.unsavedTensors().containsKey(PeftKeys.key(path, suffix, shared));
                    if (!shared || entry.is(suffix, FactorTrait.REPEATED) && !given) {
                        tensors.put(PeftKeys.factor(adapter.config(), path, suffix), array);
                    }
                }));
        adapter.savedParameters()
                .forEach((path, array) -> tensors.put(
                        PeftKeys.saved(adapter.config(), path, adapter.modules().keySet()), array));
        return tensors;
    }

    private void twins(String where, Base base, Adapter adapter, Optional<TwinFiles> files) {
        Map<String, INDArray> tensors = tensors(adapter);
        Set<String> given = adapter.unsavedTensors().keySet();
        files.ifPresent(some -> {
            Set<String> inFiles = new TreeSet<>(tensors.keySet());
            inFiles.removeAll(given);
            assertThat(some.keys()).as(where).isEqualTo(inFiles);
        });
        tensors.forEach((key, sound) -> {
            PeftKey meaning = PeftKeys.parse(key);
            boolean integers =
                    meaning instanceof PeftKey.Factor factor && factor.tensor().isInteger();
            for (MalformedTwin twin : MalformedTwin.of(sound, integers)) {
                String of = where + ", " + key;
                boolean ofFile = files.isPresent() && (!integers || given.contains(key) || twin.isOfIntegers());
                if (ofFile && !isLegal(base, adapter, meaning, sound, twin, given.contains(key))) {
                    MalformedTwin found = given.contains(key) ? twin : twin.inFile();
                    check(
                            of + " in a file",
                            key,
                            found,
                            () -> base.attach(files.get().load(Map.of(key, twin), Map.of())));
                }
                if (ofFile
                        && given.contains(key)
                        && twin.found().startsWith("[")
                        && !isLegalShape(base, adapter, meaning, sound, twin)) {
                    MalformedTwin whole = twin.asIntegers();
                    check(
                            of + " given as integers",
                            key,
                            whole,
                            () -> base.attach(files.get().load(Map.of(key, whole), Map.of())));
                }
                if (!isLegalValue(base, adapter, meaning, sound, twin)) {
                    check(of + " as a value", key, twin, () -> base.attach(value(adapter, meaning, twin)));
                }
            }
            if (files.isPresent() && !given.contains(key)) {
                String other = doubled(key, meaning);
                MalformedTwin twin = new MalformedTwin("a second time as " + other, sound.add(1), "");
                check(
                        where + ", " + key,
                        other,
                        twin,
                        () -> base.attach(files.get().load(Map.of(), Map.of(other, twin))));
            }
        });
    }

    /** The same tensor under another prefix. */
    private static String doubled(String key, PeftKey meaning) {
        return meaning instanceof PeftKey.Shared ? "base_model.model.other." + key.substring(11) : "other." + key;
    }

    /** Whether a file may hold a tensor like that. */
    private boolean isLegal(
            Base base, Adapter adapter, PeftKey meaning, INDArray sound, MalformedTwin twin, boolean given) {
        boolean integers =
                meaning instanceof PeftKey.Factor factor && factor.tensor().isInteger();
        DataType type = twin.array() == null ? sound.dataType() : twin.array().dataType();
        // Integers have several types in files, and what a caller gives may have any.
        return given && !type.isFPType()
                || integers && type.isIntType()
                || isLegalShape(base, adapter, meaning, sound, twin);
    }

    /** Whether a value may hold a tensor like that. */
    private boolean isLegalValue(Base base, Adapter adapter, PeftKey meaning, INDArray sound, MalformedTwin twin) {
        // A part of what all share may be larger or smaller: the others have the whole.
        boolean part = meaning instanceof PeftKey.Factor && is(adapter, meaning, FactorTrait.SHARED);
        return part && isResized(base, adapter, meaning, sound, twin)
                || isLegalShape(base, adapter, meaning, sound, twin);
    }

    private boolean isLegalShape(Base base, Adapter adapter, PeftKey meaning, INDArray sound, MalformedTwin twin) {
        if (twin.array() == null) {
            // What files hold several times may be missing in one place.
            return is(adapter, meaning, FactorTrait.REPEATED)
                    && adapter.unsavedTensors().isEmpty();
        }
        if (meaning instanceof PeftKey.Saved || meaning instanceof PeftKey.Target) {
            return isTaken(sound.shape(), twin.array().shape());
        }
        return meaning instanceof PeftKey.Shared && isEnough(base, adapter, meaning, sound, twin);
    }

    private static boolean is(Adapter adapter, PeftKey meaning, FactorTrait trait) {
        return AdapterMethods.entry(adapter.config().peftType()).orElseThrow().is(suffix(meaning), trait);
    }

    private static String suffix(PeftKey meaning) {
        return meaning instanceof PeftKey.Factor factor
                ? factor.tensor().suffix()
                : meaning instanceof PeftKey.Shared shared ? shared.tensor().suffix() : "";
    }

    /** Whether a tensor that all share has all that any module needs. */
    private static boolean isEnough(Base base, Adapter adapter, PeftKey meaning, INDArray sound, MalformedTwin twin) {
        return isResized(base, adapter, meaning, sound, twin)
                && adapter.modules().keySet().stream().allMatch(path -> {
                    int rank = adapter.config().rankOf(path);
                    long[] needed = AdapterMethods.of(adapter.config(), path)
                            .factors(base.modules().get(path), rank)
                            .get(suffix(meaning));
                    return IntStream.range(0, needed.length)
                            .allMatch(axis -> twin.array().size(axis) >= needed[axis]);
                });
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
            } else if (!message.contains(key)
                            && !parts(key, twin.array() == null).stream().allMatch(message::contains)
                    || !message.contains(twin.found())
                    || !message.contains("expected")) {
                wrong.add(as + "expected " + parts(key, twin.array() == null) + " and " + twin.found() + " in: "
                        + message);
            }
        }
    }

    /** The path and the name by which a message names a tensor; of a missing parameter the module may do, as a file does not tell more. */
    private static List<String> parts(String key, boolean missing) {
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
        String path = meaning instanceof PeftKey.Saved saved ? saved.parameterPath() : key;
        return List.of(missing ? PeftKeys.moduleOf(path) : path);
    }

    /** Whether an exception was made by the library: one of its own, or an argument that it refuses itself. */
    static boolean isOfTheLibrary(Throwable e) {
        boolean type = e.getClass() == IllegalArgumentException.class
                || e.getClass().getPackageName().equals("org.lora4j.error");
        return type
                && e.getStackTrace()[0].getClassName().startsWith("org.lora4j.")
                && (e.getCause() == null || isOfTheLibrary(e.getCause()));
    }
}
