// Which part of the list is shown is in the path, so that it can be reloaded, shared and gone back from.

import { useEffect, useState } from "preact/hooks";

export const FILTERS = ["all", "open", "done"] as const;
export type Filter = (typeof FILTERS)[number];

export const path = (filter: Filter) => (filter === "all" ? "/" : `/${filter}`);

export function filterOf(pathname: string): Filter {
  return FILTERS.find((filter) => path(filter) === pathname) ?? "all";
}

export function useFilter(): [Filter, (filter: Filter) => void] {
  const [filter, setFilter] = useState(() => filterOf(location.pathname));
  useEffect(() => {
    const moved = () => setFilter(filterOf(location.pathname));
    addEventListener("popstate", moved);
    return () => removeEventListener("popstate", moved);
  }, []);
  return [
    filter,
    (filter) => {
      history.pushState(null, "", path(filter));
      setFilter(filter);
    },
  ];
}
