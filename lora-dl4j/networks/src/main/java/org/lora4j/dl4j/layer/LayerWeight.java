/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j.layer;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.method.ModuleShape;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A weight of a layer that can be adapted.
 *
 * @param name name of the parameter in the layer, for instance {@code W} or {@code RW}
 * @param shape kind and sizes of the module
 * @param layout how the weight lies in the layer
 * @param bias name of the bias that belongs to the module, or null
 * @apiNote Status: experimental
 */
public record LayerWeight(String name, ModuleShape shape, WeightLayout layout, String bias) {

    /**
     * The parameters of a slot in PEFT's shapes.
     *
     * @param slot the slot
     * @return shapes by name in the order of the parameter view
     */
    public Map<String, long[]> parameters(LoraSlot slot) {
        Map<String, long[]> factors = slot.arithmetic().factors(shape, slot.rank());
        Map<String, long[]> named = new LinkedHashMap<>();
        factors.forEach((suffix, size) -> named.put(parameter(slot, suffix), size));
        return named;
    }

    /**
     * The name of a parameter of a slot.
     *
     * @param slot the slot
     * @param suffix what the method calls it
     * @return its name in the layer
     */
    public String parameter(LoraSlot slot, String suffix) {
        List<String> suffixes =
                List.copyOf(slot.arithmetic().factors(shape, slot.rank()).keySet());
        return slot.names().get(suffixes.indexOf(suffix));
    }

    /**
     * The memory order of a parameter of a slot.
     *
     * @param slot the slot
     * @param parameter its name
     * @return c or f
     */
    public char order(LoraSlot slot, String parameter) {
        return shape.kind() == ModuleShape.Kind.EMBEDDING && parameter.equals(slot.a()) ? 'f' : 'c';
    }

    /**
     * The part of the layer's array that is the module. The last columns of a {@code GravesLSTM}'s recurrent weight are
     * peepholes, which belong to no linear map.
     *
     * @param array the parameter of the layer
     * @return {@code array} itself, or a view of it: what is written to it is written to the parameter
     */
    public INDArray part(INDArray array) {
        boolean wider = layout == WeightLayout.TRANSPOSED && array.size(1) > shape.weight()[0];
        return wider ? array.get(NDArrayIndex.all(), NDArrayIndex.interval(0, shape.weight()[0])) : array;
    }

    /**
     * The module's weight in PEFT's layout.
     *
     * @param array the parameter of the layer
     * @return a new array
     */
    public INDArray toPeft(INDArray array) {
        return layout.toPeft(part(array), shape);
    }

    /**
     * A weight in PEFT's layout as a parameter of the layer.
     *
     * @param peft the module's weight
     * @param like the parameter, which gives the shape and whatever is no part of the module; only read
     * @return a new array
     */
    public INDArray fromPeft(INDArray peft, INDArray like) {
        INDArray part = part(like);
        INDArray own = layout.fromPeft(peft, part.shape());
        if (part == like) {
            return own;
        }
        INDArray whole = like.dup();
        part(whole).assign(own);
        return whole;
    }
}
