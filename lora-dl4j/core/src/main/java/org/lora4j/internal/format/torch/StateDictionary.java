/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.torch;

import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.error.AdapterFormatException;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.Problems;
import org.lora4j.format.TensorEntry;

/** Finds the dictionary of tensors in what a pickle has built: the whole of it, or one entry of a training checkpoint. */
final class StateDictionary {

    private static final String ADVICE =
            "; expected a dictionary of tensors by name, as model.state_dict() gives it. Save that alone.";

    private final String file;
    private final PickleValue.Dictionary top;

    private StateDictionary(String file, PickleValue.Dictionary top) {
        this.file = file;
        this.top = top;
    }

    static StateDictionary of(String file, PickleValue value) throws AdapterFormatException {
        if (value instanceof PickleValue.Dictionary top) {
            return new StateDictionary(file, top);
        }
        throw new AdapterFormatException(file + ": holds " + value.kind() + ADVICE);
    }

    /** The tensors at the top, or those of the only dictionary below that has any. */
    Map<String, PickleValue.Tensor> tensors() throws AdapterFormatException {
        Map<String, PickleValue.Dictionary> sections = sections();
        if (hasTensors(top) || sections.isEmpty()) {
            return tensors("", top);
        }
        if (sections.size() > 1) {
            throw new AdapterFormatException(file + ": has tensors in " + Problems.quoted(sections.keySet())
                    + "; expected them in one dictionary. Name it: TorchReader.open(file, section).");
        }
        Map.Entry<String, PickleValue.Dictionary> only =
                sections.entrySet().iterator().next();
        return tensors(TensorEntry.worded(only.getKey()) + ", ", only.getValue());
    }

    /** The tensors of a dictionary below the top. */
    Map<String, PickleValue.Tensor> tensors(String section) throws AdapterFormatException {
        Map<String, PickleValue.Dictionary> sections = sections();
        if (!sections.containsKey(section)) {
            throw new AdapterFormatException(file + ": has no dictionary of tensors " + TensorEntry.worded(section)
                    + " among " + Problems.quoted(sections.keySet()) + ClosestNames.hint(section, sections.keySet())
                    + ADVICE);
        }
        return tensors(TensorEntry.worded(section) + ", ", sections.get(section));
    }

    private Map<String, PickleValue.Dictionary> sections() {
        Map<String, PickleValue.Dictionary> sections = new LinkedHashMap<>();
        for (int i = 0; i < top.keys().size(); i++) {
            if (top.keys().get(i) instanceof PickleValue.Text name
                    && top.values().get(i) instanceof PickleValue.Dictionary below
                    && hasTensors(below)) {
                sections.put(name.text(), below);
            }
        }
        return sections;
    }

    private static boolean hasTensors(PickleValue.Dictionary dictionary) {
        return dictionary.values().stream().anyMatch(PickleValue.Tensor.class::isInstance);
    }

    private Map<String, PickleValue.Tensor> tensors(String where, PickleValue.Dictionary dictionary)
            throws AdapterFormatException {
        Map<String, PickleValue.Tensor> tensors = new LinkedHashMap<>();
        Problems problems = new Problems();
        for (int i = 0; i < dictionary.keys().size(); i++) {
            PickleValue value = dictionary.values().get(i);
            if (!(dictionary.keys().get(i) instanceof PickleValue.Text name)) {
                problems.add(
                        where + "key " + i + " is " + dictionary.keys().get(i).kind() + ", expected a string");
            } else if (!(value instanceof PickleValue.Tensor tensor)) {
                problems.add(where + TensorEntry.worded(name.text()) + " is " + value.kind() + ", expected a tensor");
            } else if (tensors.put(name.text(), tensor) != null) {
                problems.add(where + TensorEntry.worded(name.text()) + " is there twice");
            }
        }
        if (!problems.isEmpty()) {
            throw new AdapterFormatException(problems.message(file) + ADVICE);
        }
        return tensors;
    }
}
