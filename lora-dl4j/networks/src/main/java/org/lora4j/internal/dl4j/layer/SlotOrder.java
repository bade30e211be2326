/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.dl4j.layer;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.dl4j.layer.LoraSettings;
import org.lora4j.dl4j.layer.LoraSlot;

/**
 * How the slots of a weight are computed. Thin products are added to what the layer multiplies, which is cheap; but a method
 * that scales what was added before it must find it, so that thin products before such a method are calculated with the others.
 */
final class SlotOrder {

    private SlotOrder() {}

    /** The slots that are added as thin products, in their order. */
    static List<LoraSlot> added(LoraSettings settings, String weight) {
        List<LoraSlot> all = settings.of(weight);
        return all.subList(scaled(all), all.size()).stream()
                .filter(LoraSlot::thin)
                .toList();
    }

    /** The slots whose methods calculate, in their order; without replaced rows. */
    static List<LoraSlot> calculated(LoraSettings settings, String weight) {
        List<LoraSlot> all = settings.of(weight);
        int scaled = scaled(all);
        List<LoraSlot> calculated = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            LoraSlot slot = all.get(i);
            if (!slot.replacesRows() && (i < scaled || !slot.thin())) {
                calculated.add(slot);
            }
        }
        return calculated;
    }

    /** So many slots come before the last one that scales what was added. */
    private static int scaled(List<LoraSlot> slots) {
        int scaled = 0;
        for (int i = 0; i < slots.size(); i++) {
            scaled = slots.get(i).arithmetic().traits().scalesOthers() ? i : scaled;
        }
        return scaled;
    }
}
