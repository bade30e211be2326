/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.peft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.StorageType;
import org.lora4j.config.ModuleSelector;
import org.lora4j.format.DType;
import org.lora4j.integration.peft.cases.AdapterTensors;
import org.lora4j.integration.peft.cases.GoldenCase;
import org.lora4j.integration.peft.cases.Tensors;
import org.lora4j.integration.peft.cases.Tolerance;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An adapter saved again is the adapter: every tensor, its type, every field of the config. */
final class SaveChecks {

    private static final String WEIGHTS = "adapter_model.safetensors";

    private static final String CONFIG = "adapter_config.json";

    private static final String ALL_LINEAR = "all-linear";

    private static final Tolerance EXACT = new Tolerance(0, 0);

    /** PEFT keeps these as sets: their order in a file means nothing. */
    private static final Set<String> SETS = Set.of("target_modules", "exclude_modules", "modules_to_save");

    /** One value may stand without its brackets. */
    private static final Set<String> LISTS = Set.of("layers_pattern", "layers_to_transform");

    private static final ObjectMapper JSON = new ObjectMapper();

    private SaveChecks() {}

    static void run(GoldenCase golden, Map<String, Adapter> adapters, CheckList checks) throws IOException {
        for (Map.Entry<String, Adapter> entry : adapters.entrySet()) {
            Path original = golden.folderOf(entry.getKey());
            AdapterTensors.inTemporaryFolder(saved -> {
                save(entry.getValue(), original, saved);
                checkTensors(original, saved, checks);
                checkConfig(original, saved, checks);
                // Only the model knows what all its linear modules are: the adapter lists those that it adapts.
                boolean all = entry.getValue().config().targetModules() instanceof ModuleSelector.AllLinear;
                Adapter again = golden.load(saved);
                checks.that(
                        "saved adapter read again",
                        all
                                ? again.modules()
                                        .keySet()
                                        .equals(entry.getValue().modules().keySet())
                                : again.equals(entry.getValue()),
                        "adapter \"" + entry.getKey() + "\" is not equal to what was saved");
                return null;
            });
        }
    }

    /** In the type of the file, if that is one type that can be asked for. */
    private static void save(Adapter adapter, Path original, Path saved) throws IOException {
        Set<DType> types =
                new HashSet<>(Tensors.types(original.resolve(WEIGHTS)).values());
        if (types.equals(Set.of(DType.F16)) || types.equals(Set.of(DType.BF16))) {
            adapter.save(saved, StorageType.valueOf(types.iterator().next().name()));
        } else {
            adapter.save(saved);
        }
    }

    private static void checkTensors(Path original, Path saved, CheckList checks) throws IOException {
        String check = "saved tensors";
        Map<String, INDArray> expected = Tensors.read(original.resolve(WEIGHTS));
        expected.keySet().removeIf(AdapterTensors::isCopy);
        Map<String, DType> expectedTypes = Tensors.types(original.resolve(WEIGHTS));
        Map<String, INDArray> found = Tensors.read(saved.resolve(WEIGHTS));
        Map<String, DType> types = Tensors.types(saved.resolve(WEIGHTS));
        boolean oneType = Set.copyOf(expectedTypes.values()).size() == 1;
        checks.that(
                check,
                found.keySet().equals(expected.keySet()),
                "keys are " + found.keySet() + ", expected " + expected.keySet());
        for (String key : found.keySet()) {
            if (expected.containsKey(key)) {
                checks.close(check, key, found.get(key), expected.get(key), EXACT);
                checks.that(
                        check,
                        !oneType || types.get(key) == expectedTypes.get(key),
                        key + " has type " + types.get(key) + ", expected " + expectedTypes.get(key));
            }
        }
    }

    /**
     * Fields that the original lacks or leaves null are checked by reading the adapter again: they must say what their
     * absence said.
     */
    private static void checkConfig(Path original, Path saved, CheckList checks) throws IOException {
        checkConfig("saved config", original, saved, Set.of(), checks);
    }

    /** Compares the configs of two folders in all fields that the first one has, but for some. */
    static void checkConfig(String check, Path original, Path saved, Set<String> leftOut, CheckList checks)
            throws IOException {
        JsonNode expected = JSON.readTree(original.resolve(CONFIG).toFile());
        JsonNode found = JSON.readTree(saved.resolve(CONFIG).toFile());
        expected.properties().stream()
                .filter(field -> !leftOut.contains(field.getKey()))
                .forEach(field -> {
                    JsonNode again = found.path(field.getKey());
                    if (saysNothing(field.getValue())
                            && (saysNothing(again) || field.getValue().isNull())) {
                        return;
                    }
                    boolean same = Objects.equals(
                            comparable(field.getKey(), field.getValue()), comparable(field.getKey(), again));
                    checks.that(
                            check,
                            same,
                            field.getKey() + " is " + (again.isMissingNode() ? "missing" : again) + ", expected "
                                    + field.getValue());
                });
    }

    /** PEFT does not tell null from an empty list, map or text. */
    private static boolean saysNothing(JsonNode value) {
        return value.isNull()
                || (value.isContainerNode() && value.isEmpty())
                || (value.isTextual() && value.textValue().isEmpty());
    }

    private static Object comparable(String field, JsonNode value) {
        if (field.equals("init_lora_weights") && value.isTextual()) {
            return value.textValue().toLowerCase(Locale.ROOT);
        }
        if (value.isArray() && SETS.contains(field)) {
            return new HashSet<>(GoldenCase.strings(value));
        }
        boolean bare = LISTS.contains(field) && value.isValueNode() && !value.isNull();
        return bare ? List.of(comparable(value)) : comparable(value);
    }

    private static Object comparable(JsonNode value) {
        if (value.isNumber()) {
            return value.doubleValue();
        }
        if (value.isArray()) {
            List<Object> elements = new ArrayList<>();
            value.forEach(element -> elements.add(comparable(element)));
            return elements;
        }
        if (value.isObject()) {
            // In order: the first pattern that matches a module wins.
            List<Object> fields = new ArrayList<>();
            value.properties().forEach(field -> fields.add(List.of(field.getKey(), comparable(field.getValue()))));
            return fields;
        }
        return value;
    }
}
