/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Matrix;
import org.lora4j.random.RandomStreams;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The masks of one run by what they are for. */
@FunctionalInterface
interface KeepMasks {

    /**
     * What a mask is for.
     *
     * @param module path of the module
     * @param part factor or update
     * @param adapter position of the adapter
     */
    record Place(String module, DareMasks.Part part, int adapter) {

        @Override
        public String toString() {
            return "module \"" + module + "\", " + part + ", adapters[" + adapter + "]";
        }
    }

    /** The elements that stay, in the order of the matrix of a factor or of the update [outputs, inputs]. */
    boolean[] of(Place place, int length);

    /** Masks that depend on the seed and the place only. */
    static KeepMasks seeded(long seed, double density) {
        return (place, length) -> {
            SplittableRandom random = RandomStreams.of(seed, place.toString());
            boolean[] keep = new boolean[length];
            for (int i = 0; i < length; i++) {
                keep[i] = random.nextDouble() < density;
            }
            return keep;
        };
    }

    /** The caller's masks, all read and checked now. */
    static KeepMasks given(DareMasks masks, List<ModuleInputs> modules, List<DareMasks.Part> parts, Problems problems) {
        Map<Place, boolean[]> found = new HashMap<>();
        for (ModuleInputs module : modules) {
            for (ModuleInputs.Share share : module.shares()) {
                for (DareMasks.Part part : parts) {
                    Place place = new Place(module.path(), part, share.adapter());
                    INDArray mask = masks.keep(place.module(), part, place.adapter());
                    found.put(place, checked(place, mask, share.factors(), problems));
                }
            }
        }
        return (place, length) -> found.get(place);
    }

    private static boolean[] checked(Place place, INDArray mask, ModuleFactors factors, Problems problems) {
        FactorLayout layout = factors.layout();
        long[] expected = layout.shape(place.part(), factors.rank());
        if (mask == null || !mask.dataType().isNumerical() || !Arrays.equals(mask.shape(), expected)) {
            String what = mask == null ? "null" : mask.dataType() + " " + Arrays.toString(mask.shape());
            problems.add(
                    "mask of " + place + " is " + what + ", expected numbers of shape " + Arrays.toString(expected));
            return new boolean[0];
        }
        Matrix values = place.part() == DareMasks.Part.UPDATE
                ? layout.updateMatrix(mask)
                : Matrix.of(mask, Math.toIntExact(expected[0]));
        double[] flat = values.flat();
        boolean[] keep = new boolean[flat.length];
        for (int i = 0; i < flat.length; i++) {
            keep[i] = flat[i] == 1;
            if (flat[i] != 0 && flat[i] != 1) {
                problems.add("mask of " + place + " holds " + flat[i] + ", expected 0 and 1 only");
                break;
            }
        }
        return keep;
    }
}
