-- The tables that this example reads, for PostgreSQL behind PostgREST or Supabase.
-- angajati: employees; biometrie: biometrics; dispozitive_pontaj: attendance terminals; santier: building site; mediu: environment.
-- An existing application has these tables already: then only the role and its rights at the end are of interest.

create table angajati (
    id           uuid primary key default gen_random_uuid(),
    nume         text,                          -- family name
    prenume      text,                          -- given name
    nume_complet text,                          -- the whole name, where the two are not told apart
    status       text not null default 'activ'  -- activ, suspendat, concediu, ...: only activ may enter
);

create sequence angajati_employee_no start 1000;

create table angajati_biometrie (
    id                    uuid primary key default gen_random_uuid(),
    angajat_id            uuid not null unique references angajati (id) on delete cascade,
    employee_no           integer unique check (employee_no > 0),  -- the person's number on every terminal
    hikvision_employee_no text,                                    -- of former times
    foto_fata_url         text                                     -- path of the face picture in the bucket below
);

create function angajati_employee_no_next() returns trigger language plpgsql as $$
begin
    if new.employee_no is null then
        new.employee_no := nextval('angajati_employee_no');
    end if;
    return new;
end $$;

create trigger angajati_employee_no_given before insert on angajati_biometrie
    for each row execute function angajati_employee_no_next();

create table dispozitive_pontaj (
    id                  uuid primary key default gen_random_uuid(),
    ip_address          text not null,
    port                integer default 80 check (port between 1 and 65535),
    username            text not null,
    password_encrypted  text not null,  -- the password as it is: the name promises more than there is
    status              text not null default 'activ' check (status in ('activ', 'inactiv', 'eroare')),
    santier_id          uuid,
    mediu               text not null default 'prod' check (mediu in ('dev', 'test', 'prod')),
    ultima_sincronizare timestamptz
);

-- Supabase: a private bucket for the pictures. trueup fetches them with its key.
insert into storage.buckets (id, name, public) values ('pontaj-photos', 'pontaj-photos', false) on conflict do nothing;

-- trueup only reads. With a signing secret (jwt: {secret: ..., role: trueup_reader} in the specs) this role is enough;
-- without one, Supabase's service-role key reads as well, and may do much more.
create role trueup_reader nologin;
grant usage on schema public to trueup_reader;
grant select on angajati, angajati_biometrie, dispozitive_pontaj to trueup_reader;
grant trueup_reader to authenticator;

-- Passwords of terminals and pictures of people are for nobody else: row security hides them from every other key. A key without
-- a policy reads an empty table without any error, and trueup removes nobody because of that.
alter table angajati enable row level security;
alter table angajati_biometrie enable row level security;
alter table dispozitive_pontaj enable row level security;
create policy trueup_reads on angajati for select to trueup_reader using (true);
create policy trueup_reads on angajati_biometrie for select to trueup_reader using (true);
create policy trueup_reads on dispozitive_pontaj for select to trueup_reader using (true);
create policy trueup_reads on storage.objects for select to trueup_reader using (bucket_id = 'pontaj-photos');
grant usage on schema storage to trueup_reader;
grant select on storage.objects, storage.buckets to trueup_reader;
