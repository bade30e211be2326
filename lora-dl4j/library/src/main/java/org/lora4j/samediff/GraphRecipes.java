/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Map;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.DoraMethod;
import org.lora4j.method.LoraMethod;

/** The table of recipes: one line for each method of {@link org.lora4j.method.AdapterMethods}. */
final class GraphRecipes {

    private static final Map<Class<? extends AdapterMethod>, GraphRecipe> TABLE =
            Map.of(LoraMethod.class, new LoraRecipe(), DoraMethod.class, new DoraRecipe());

    private GraphRecipes() {}

    static GraphRecipe of(AdapterMethod method) {
        GraphRecipe recipe = TABLE.get(method.getClass());
        if (recipe == null) {
            throw new IllegalArgumentException("method " + method.name()
                    + ": it has no recipe for SameDiff graphs; expected one of "
                    + TABLE.keySet().stream().map(Class::getSimpleName).sorted().toList()
                    + ". Use another method on this model.");
        }
        return recipe;
    }
}
