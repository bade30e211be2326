/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/** The functions of PyTorch by the names of their classes, as sentence-transformers writes them: the one table. */
final class TorchFunctions {

    private static final Map<String, Pooling.Function> BY_CLASS = new LinkedHashMap<>();

    static {
        BY_CLASS.put("Identity", Pooling.Function.IDENTITY);
        BY_CLASS.put("Tanh", Pooling.Function.TANH);
        BY_CLASS.put("ReLU", Pooling.Function.RELU);
        BY_CLASS.put("GELU", Pooling.Function.GELU);
        BY_CLASS.put("SiLU", Pooling.Function.SILU);
        BY_CLASS.put("Sigmoid", Pooling.Function.SIGMOID);
    }

    private static final String PACKAGE = "torch.nn.modules.";

    private TorchFunctions() {}

    /** The function of a class such as {@code torch.nn.modules.activation.Tanh}. */
    static Optional<Pooling.Function> of(Object name) {
        if (!(name instanceof String text) || !text.startsWith("torch.nn.")) {
            return Optional.empty();
        }
        return Optional.ofNullable(BY_CLASS.get(text.substring(text.lastIndexOf('.') + 1)));
    }

    /** The class of a function; none for one that PyTorch makes with an argument. */
    static Optional<String> name(Pooling.Function function) {
        return BY_CLASS.entrySet().stream()
                .filter(entry -> entry.getValue() == function)
                .map(entry ->
                        PACKAGE + (function == Pooling.Function.IDENTITY ? "linear." : "activation.") + entry.getKey())
                .findFirst();
    }

    /** What to say of a name that is not known. */
    static String unknown(Object name) {
        String found = name instanceof String text ? text : String.valueOf(name);
        return MessageText.name(found) + ", expected one of torch.nn's " + Problems.quoted(BY_CLASS.keySet())
                + ClosestNames.hint(found.substring(found.lastIndexOf('.') + 1), BY_CLASS.keySet());
    }
}
