/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.architecture;

import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Stream;

/** The types that a signature names: users who call or extend what it declares meet them all. */
final class SignatureTypes {

    private final Set<Class<?>> found = new LinkedHashSet<>();
    private final Set<Type> seen = new HashSet<>();

    private SignatureTypes() {}

    /** Parameters, results, what is thrown, and the bounds and arguments of generic types among them. */
    static Set<Class<?>> of(Member member) {
        SignatureTypes types = new SignatureTypes();
        if (member instanceof Field field) {
            types.add(field.getGenericType());
        } else {
            Executable executable = (Executable) member;
            types.add(executable.getTypeParameters());
            types.add(executable.getGenericParameterTypes());
            types.add(executable.getGenericExceptionTypes());
        }
        if (member instanceof Method method) {
            types.add(method.getGenericReturnType());
        }
        return types.found;
    }

    /** What a type extends and implements as users see it, and the bounds of its own parameters. */
    static Set<Class<?>> ofHeader(Class<?> type) {
        SignatureTypes types = new SignatureTypes();
        types.add(type.getTypeParameters());
        for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
            types.add(owner.getGenericInterfaces());
            Class<?> parent = owner.getSuperclass();
            if (parent != null && isSeen(parent)) {
                types.add(owner.getGenericSuperclass());
                break; // What that one extends is for its own signature to answer.
            }
        }
        return types.found;
    }

    /** Users see no base class that is hidden: what it offers belongs to the type itself. */
    private static boolean isSeen(Class<?> parent) {
        return Modifier.isPublic(parent.getModifiers()) && !parent.getName().contains(".internal.");
    }

    private void add(Type... types) {
        Stream.of(types).forEach(this::add);
    }

    private void add(Type type) {
        if (type == null || !seen.add(type)) {
            return;
        }
        if (type instanceof Class<?> one) {
            found.add(component(one));
        } else if (type instanceof ParameterizedType generic) {
            add(generic.getRawType());
            add(generic.getActualTypeArguments());
        } else if (type instanceof GenericArrayType array) {
            add(array.getGenericComponentType());
        } else if (type instanceof WildcardType wildcard) {
            add(wildcard.getUpperBounds());
            add(wildcard.getLowerBounds());
        } else {
            add(((TypeVariable<?>) type).getBounds());
        }
    }

    private static Class<?> component(Class<?> type) {
        return type.isArray() ? component(type.getComponentType()) : type;
    }
}
